//! The processes of a world, found in `/proc` by what is in their environment, their arguments or their working folder.

use std::fs;
use std::path::Path;

/// A process that lives (one that ended and was not waited for does not count).
#[derive(Clone, Debug)]
pub struct Process {
    /// Its process id.
    pub id: i32,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Whether it leads a session, as a driver in the background does.
    pub leads_session: bool,
}

/// Every living process that belongs to a world, except this one.
#[must_use]
pub fn processes_of(world: &Path) -> Vec<Process> {
    let world = world.to_string_lossy().into_owned();
    let own = i32::try_from(std::process::id()).unwrap_or(0);
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id| *id != own)
        .filter_map(|id| look(id, &world))
        .collect()
}

fn look(id: i32, world: &str) -> Option<Process> {
    let folder = Path::new("/proc").join(id.to_string());
    // The state stands after the name, which is in brackets and may contain anything.
    let stat = String::from_utf8_lossy(&fs::read(folder.join("stat")).ok()?).into_owned();
    // State, parent, group, session.
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').take(4).collect();
    if matches!(*fields.first()?, "Z" | "X") {
        return None;
    }
    let leads_session = fields.get(3)?.parse() == Ok(id);
    let arguments = fs::read(folder.join("cmdline")).ok()?;
    let environment = fs::read(folder.join("environ")).unwrap_or_default();
    let place = fs::read_link(folder.join("cwd")).unwrap_or_default();
    let belongs = String::from_utf8_lossy(&environment).contains(world)
        || String::from_utf8_lossy(&arguments).contains(world)
        || place.starts_with(world);
    belongs.then(|| Process {
        id,
        arguments: String::from_utf8_lossy(&arguments).split('\0').map(str::to_owned).collect(),
        leads_session,
    })
}
