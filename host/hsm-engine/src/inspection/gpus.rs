//! The GPUs of a machine, as its `nvidia-smi` has them.

use serde::Serialize;

/// A GPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemoteGpu {
    /// Its number, by which it is asked for.
    pub index: u32,
    /// Its kind.
    pub name: String,
    /// Its memory, in MiB.
    pub memory_mib: Option<u64>,
    /// How much of that is used.
    pub memory_used_mib: Option<u64>,
    /// How busy it is, in per cent.
    pub use_percent: Option<u32>,
    /// Who has processes on it, each once.
    pub users: Vec<String>,
}

/// What `gpus.sh` prints; nothing where there is no `nvidia-smi`. An error is a line that is not understood.
pub(super) fn parse(said: &str) -> Result<Option<Vec<RemoteGpu>>, String> {
    if said.trim() == "none" {
        return Ok(None);
    }
    let mut gpus: Vec<(String, RemoteGpu)> = Vec::new();
    for line in said.lines().filter(|line| !line.trim().is_empty()) {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let fields: Vec<&str> = rest.split(',').map(str::trim).collect();
        match (kind, fields.as_slice()) {
            ("gpu", [uuid, index, name, memory, used, busy]) => {
                let gpu = RemoteGpu {
                    index: index.parse().map_err(|_| line.to_owned())?,
                    name: (*name).to_owned(),
                    // `[N/A]` stands where a GPU does not measure it.
                    memory_mib: memory.parse().ok(),
                    memory_used_mib: used.parse().ok(),
                    use_percent: busy.parse().ok(),
                    users: Vec::new(),
                };
                gpus.push(((*uuid).to_owned(), gpu));
            }
            ("on", [uuid, user]) => {
                let gpu = gpus.iter_mut().find(|(known, _)| known == uuid);
                if let Some((_, gpu)) = gpu.filter(|(_, gpu)| !gpu.users.iter().any(|known| known == user)) {
                    gpu.users.push((*user).to_owned());
                }
            }
            _ => return Err(line.to_owned()),
        }
    }
    Ok(Some(gpus.into_iter().map(|(_, gpu)| gpu).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_have_users_and_what_is_not_measured_is_not_known() {
        let said = "gpu GPU-a, 0, NVIDIA A100, 40960, 12, 97\ngpu GPU-b, 1, T4, 15360, [N/A], [N/A]\non GPU-a, me\non GPU-a, you\non GPU-a, me\non GPU-z, x\n";
        let gpus = parse(said).unwrap().unwrap();
        assert_eq!((gpus[0].index, gpus[0].memory_mib, gpus[0].use_percent), (0, Some(40_960), Some(97)));
        assert_eq!(gpus[0].users, ["me", "you"]);
        assert_eq!((gpus[1].name.as_str(), gpus[1].memory_used_mib), ("T4", None));
        assert!(gpus[1].users.is_empty());
        assert_eq!(parse("none\n"), Ok(None));
        assert_eq!(parse(""), Ok(Some(Vec::new())));
        for odd in ["gpu GPU-a, x, T4, 1, 1, 1", "No devices were found", "gpu a, 0"] {
            assert_eq!(parse(odd), Err(odd.to_owned()));
        }
    }
}
