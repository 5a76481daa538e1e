//! GPUs: which ones a sweep may use, and a lock a GPU, so that two sweeps on one machine never share one.
//!
//! Indices are those of `nvidia-smi`, that is by PCI bus; CUDA is told to count in the same way.

use crate::error::{Error, ErrorKind, Result};
use crate::process;
use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

/// `nvidia-smi` takes a second or two where the driver has to wake up.
const NVIDIA_SMI_LIMIT: Duration = Duration::from_secs(20);

/// A GPU with less memory in use than this (in MiB) is one nobody is using: an idle driver keeps a few.
const IDLE_MEMORY_MIB: u64 = 64;

/// What was said about GPUs on the command line or in the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum GpuRequest {
    /// Nothing.
    #[default]
    Unsaid,
    /// No GPU for any task.
    Cpu,
    /// Every GPU of this machine.
    All,
    /// So many GPUs that nobody is using.
    Count(usize),
    /// These, by index.
    These(Vec<u32>),
}

impl std::str::FromStr for GpuRequest {
    type Err = String;

    /// Reads `all`, `cpu`, `N` or `0,1,3` (a single index is written `0,`).
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is none of `all`, `cpu`, a number of GPUs, or a list of indices such as `0,1,3`"
            )
        };
        match text.trim() {
            "all" => Ok(Self::All),
            "cpu" | "none" => Ok(Self::Cpu),
            text if text.contains(',') => {
                let indices: Vec<u32> = text
                    .split(',')
                    .filter(|part| !part.trim().is_empty())
                    .map(|part| part.trim().parse().map_err(|_| wrong()))
                    .collect::<std::result::Result<_, _>>()?;
                let mut seen = std::collections::BTreeSet::new();
                if let Some(twice) = indices.iter().find(|index| !seen.insert(**index)) {
                    return Err(format!("GPU {twice} is listed twice in `{text}`"));
                }
                if indices.is_empty() { Err(wrong()) } else { Ok(Self::These(indices)) }
            }
            text => match text.parse() {
                Ok(0) => Err("`0` could mean no GPU, or the GPU 0: write `cpu` or `0,`".to_owned()),
                Ok(count) => Ok(Self::Count(count)),
                Err(_) => Err(wrong()),
            },
        }
    }
}

/// The GPUs of a sweep's tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gpus {
    /// Nobody said anything: tasks see what the driver sees.
    #[default]
    Untouched,
    /// Tasks see no GPU.
    None,
    /// Disjoint sets, one a slot.
    Slots(Vec<Vec<u32>>),
}

/// Decides on GPUs: `request` over `allowlist` (the settings' `visible_gpus`), `per_task` of them each, within `inherited`
/// (`CUDA_VISIBLE_DEVICES`, where it is set).
///
/// # Errors
/// [`ErrorKind::Configuration`] when there are not enough, or some were not allowed.
pub fn resolve_gpus(
    request: &GpuRequest,
    allowlist: Option<&[u32]>,
    per_task: Option<u32>,
    inherited: Option<&str>,
) -> Result<Gpus> {
    let nothing_said = *request == GpuRequest::Unsaid && allowlist.is_none();
    if *request == GpuRequest::Cpu || per_task == Some(0) {
        return Ok(Gpus::None);
    }
    if nothing_said && per_task.is_none() {
        return Ok(Gpus::Untouched);
    }
    let per_task = usize::try_from(per_task.unwrap_or(1)).unwrap_or(1);
    let permitted = permitted(allowlist, inherited)?;
    let chosen = match request {
        GpuRequest::These(indices) => {
            check_permitted(indices, permitted.as_deref())?;
            indices.clone()
        }
        GpuRequest::All => match permitted {
            Some(permitted) => permitted,
            None => query()?.into_iter().map(|gpu| gpu.index).collect(),
        },
        GpuRequest::Count(count) => {
            let idle = idle(permitted.as_deref())?;
            if idle.len() < *count {
                return Err(too_few(*count, &idle));
            }
            idle[..*count].to_vec()
        }
        GpuRequest::Unsaid | GpuRequest::Cpu => match permitted {
            Some(permitted) => permitted,
            None => idle(None)?,
        },
    };
    let slots: Vec<Vec<u32>> = chosen.chunks_exact(per_task).map(<[u32]>::to_vec).collect();
    if slots.is_empty() {
        return Err(too_few(per_task, &chosen));
    }
    Ok(Gpus::Slots(slots))
}

fn too_few(wanted: usize, there: &[u32]) -> Error {
    let list: Vec<String> = there.iter().map(u32::to_string).collect();
    let list = if list.is_empty() { "none".to_owned() } else { list.join(", ") };
    Error::new(ErrorKind::Configuration, format!("{wanted} GPUs are wanted and these are free to use: {list}"))
        .with_hint("`nvidia-smi` shows who uses the others; `--gpus cpu` runs without any, `--gpus 0,1` takes those all the same")
}

/// The allowlist within what the environment permits; nothing when neither says anything.
fn permitted(allowlist: Option<&[u32]>, inherited: Option<&str>) -> Result<Option<Vec<u32>>> {
    let inherited = match inherited.map(str::trim) {
        None => None,
        Some(list) => Some(
            list.split(',')
                .filter(|part| !part.trim().is_empty())
                .map(|part| part.trim().parse::<u32>())
                .collect::<std::result::Result<Vec<_>, _>>()
                .map_err(|_| {
                    Error::new(
                        ErrorKind::Configuration,
                        format!(
                            "CUDA_VISIBLE_DEVICES is `{list}`, and hsm understands indices such as `0,1` only"
                        ),
                    )
                    .with_hint("set it to indices, or unset it and use `--gpus`")
                })?,
        ),
    };
    match (allowlist, inherited) {
        (None, inherited) => Ok(inherited),
        (Some(allowlist), None) => Ok(Some(allowlist.to_vec())),
        (Some(allowlist), Some(inherited)) => {
            check_permitted(allowlist, Some(&inherited))?;
            Ok(Some(allowlist.to_vec()))
        }
    }
}

fn check_permitted(indices: &[u32], permitted: Option<&[u32]>) -> Result<()> {
    let Some(permitted) = permitted else { return Ok(()) };
    match indices.iter().find(|index| !permitted.contains(index)) {
        None => Ok(()),
        Some(index) => Err(Error::new(
            ErrorKind::Configuration,
            format!("GPU {index} is not among those that `visible_gpus` or CUDA_VISIBLE_DEVICES permit ({permitted:?})"),
        )
        .with_hint("choose others with `--gpus`, or widen the list")),
    }
}

struct Seen {
    index: u32,
    used_mib: u64,
}

fn idle(permitted: Option<&[u32]>) -> Result<Vec<u32>> {
    Ok(query()?
        .into_iter()
        .filter(|gpu| gpu.used_mib < IDLE_MEMORY_MIB)
        .map(|gpu| gpu.index)
        .filter(|index| permitted.is_none_or(|permitted| permitted.contains(index)))
        .collect())
}

fn query() -> Result<Vec<Seen>> {
    let arguments = ["--query-gpu=index,memory.used", "--format=csv,noheader,nounits"];
    let wrong = |why: String| {
        Error::new(ErrorKind::Configuration, format!("could not ask `nvidia-smi` for GPUs: {why}"))
            .with_hint("run without GPUs with `--gpus cpu`, or name them yourself with `--gpus 0,1`")
    };
    let output =
        process::ask("nvidia-smi", &arguments, NVIDIA_SMI_LIMIT).map_err(|e| wrong(e.to_string()))?;
    if !output.status.success() {
        // It says what is wrong on either stream.
        let said = [output.stderr, output.stdout].concat();
        return Err(wrong(String::from_utf8_lossy(&said).trim().to_owned()));
    }
    parse(&String::from_utf8_lossy(&output.stdout)).map_err(wrong)
}

fn parse(text: &str) -> std::result::Result<Vec<Seen>, String> {
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| {
            let (index, used) = line.split_once(',').ok_or_else(|| format!("it printed `{line}`"))?;
            let index = index.trim().parse().map_err(|_| format!("it printed `{line}`"))?;
            // A GPU that does not tell its memory ("[N/A]") is taken for one in use.
            let used_mib = used.trim().parse().unwrap_or(u64::MAX);
            Ok(Seen { index, used_mib })
        })
        .collect()
}

/// What a task's environment says of its GPUs.
pub(super) fn environment(gpus: &[u32]) -> Vec<(&'static str, Option<OsString>)> {
    let list: Vec<String> = gpus.iter().map(u32::to_string).collect();
    vec![
        ("CUDA_DEVICE_ORDER", Some("PCI_BUS_ID".into())),
        ("CUDA_VISIBLE_DEVICES", Some(list.join(",").into())),
    ]
}

/// A set of GPUs with its locks, which the task's processes inherit: they are free when the last of these has ended, whatever becomes of us.
#[derive(Debug)]
pub(crate) struct GpuSlot {
    gpus: Vec<u32>,
    locks: Vec<File>,
}

impl GpuSlot {
    /// Locks all of `gpus`, or none when somebody has one of them.
    pub(crate) fn lock(gpus: Vec<u32>, folder: &Path) -> Option<Self> {
        let locks = gpus.iter().map(|gpu| lock_one(*gpu, folder)).collect::<Option<Vec<File>>>()?;
        Some(Self { gpus, locks })
    }

    pub(crate) fn gpus(&self) -> &[u32] {
        &self.gpus
    }

    pub(crate) fn into_locks(self) -> Vec<File> {
        self.locks
    }
}

fn lock_one(gpu: u32, folder: &Path) -> Option<File> {
    match try_lock(gpu, folder) {
        Ok(lock) => lock,
        Err(error) => {
            tracing::warn!("could not lock GPU {gpu} in `{}`: {error}", folder.display());
            None
        }
    }
}

fn try_lock(gpu: u32, folder: &Path) -> io::Result<Option<File>> {
    if let Err(error) = fs::create_dir(folder) {
        if error.kind() != io::ErrorKind::AlreadyExists {
            return Err(error);
        }
    } else {
        // Shared by every user of the machine, like /tmp.
        fs::set_permissions(folder, fs::Permissions::from_mode(0o1777))?;
    }
    let path = folder.join(format!("gpu{gpu}.lock"));
    // First without creating: the kernel refuses to create-open another user's file in such a folder.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = match open(&path, flags, Mode::empty()) {
        Err(rustix::io::Errno::NOENT) => open(&path, flags | OFlags::CREATE, Mode::from_raw_mode(0o644))?,
        opened => opened?,
    };
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(File::from(file))),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read() {
        let table = [
            ("all", Ok(GpuRequest::All)),
            ("cpu", Ok(GpuRequest::Cpu)),
            ("0", Err(())),
            ("2", Ok(GpuRequest::Count(2))),
            ("0,", Ok(GpuRequest::These(vec![0]))),
            ("0,1,3", Ok(GpuRequest::These(vec![0, 1, 3]))),
            ("1,1", Err(())),
            ("gpu", Err(())),
            (",", Err(())),
        ];
        for (text, expected) in table {
            assert_eq!(text.parse::<GpuRequest>().map_err(|_| ()), expected, "{text}");
        }
    }

    #[test]
    fn allowlist_times_gpus_a_task_makes_disjoint_slots() {
        let slots = |request: &GpuRequest, allow: Option<&[u32]>, per, inherited| match resolve_gpus(
            request, allow, per, inherited,
        ) {
            Ok(Gpus::Slots(slots)) => Ok(slots.iter().map(|slot| slot.to_vec()).collect::<Vec<_>>()),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        };
        let these = GpuRequest::These(vec![0, 1, 3, 4]);
        assert_eq!(slots(&these, None, Some(2), None), Ok(vec![vec![0, 1], vec![3, 4]]));
        assert_eq!(slots(&GpuRequest::Unsaid, Some(&[2, 5]), None, None), Ok(vec![vec![2], vec![5]]));
        assert_eq!(slots(&GpuRequest::All, None, None, Some("1,6")), Ok(vec![vec![1], vec![6]]));
        assert_eq!(slots(&GpuRequest::Unsaid, None, None, Some("1")), Err("Untouched".into()));
        assert_eq!(slots(&GpuRequest::Cpu, Some(&[1]), Some(2), None), Err("None".into()));
        assert!(slots(&these, None, None, Some("0,1")).is_err_and(|e| e.contains("GPU 3 is not among")));
        assert!(slots(&GpuRequest::These(vec![0]), None, Some(2), None).is_err_and(|e| e.contains("2 GPUs")));
    }

    #[test]
    fn a_locked_gpu_is_nobody_elses_until_its_task_ends() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("locks");
        let gpus: Vec<u32> = vec![0, 1];
        let slot = GpuSlot::lock(gpus.clone(), &place).expect("free");
        assert!(GpuSlot::lock(vec![1], &place).is_none());
        drop(slot);
        assert!(GpuSlot::lock(vec![1], &place).is_some());
    }

    #[test]
    fn what_nvidia_smi_prints_is_read() {
        let seen = parse("0, 3\n1, 40536\n2, [N/A]\n").unwrap();
        let list: Vec<_> = seen.iter().map(|gpu| (gpu.index, gpu.used_mib < IDLE_MEMORY_MIB)).collect();
        assert_eq!(list, [(0, true), (1, false), (2, false)]);
        assert!(parse("No devices were found").is_err());
    }
}
