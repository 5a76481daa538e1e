//! What a sweep runs: the program its file names, or the settings, or the only one there is; the Python it runs in; and whether it is
//! Hydra's. All of it is settled, and missing files are noticed, before anything is created.

use crate::environment;
use crate::project::Project;
use crate::report::{Exit, Problem};
use crate::scripts;
use hsm_core::command::{Launch, Program, uses_hydra};
use hsm_core::suggest::closest;
use hsm_core::sweep::SweepFile;
use std::fs;
use std::path::{Path, PathBuf};

/// What Python is called on the path.
const PYTHON: &str = "python3";
/// Where conda is installed, below the home folder, where `CONDA_EXE` does not say.
const CONDA_FOLDERS: [&str; 6] =
    ["miniforge3", "mambaforge", "miniconda3", "anaconda3", "micromamba", ".conda"];

/// What a sweep runs, and what its tasks need to find in their environment for that.
#[derive(Debug)]
pub struct Start {
    /// What runs.
    pub launch: Launch,
    /// Variables for the tasks, which a conda environment's programs expect.
    pub variables: Vec<(String, String)>,
    /// What was decided that the sweep file does not say, for people.
    pub notes: Vec<String>,
}

impl Start {
    /// Settles what `sweep` runs in `project`. Where it runs on other machines only, the Python of this one does not matter.
    ///
    /// # Errors
    /// When the script is missing or could be one of several, or there is no such conda environment.
    pub fn settle(
        sweep: &SweepFile,
        project: &Project,
        group: Option<&str>,
        elsewhere: bool,
    ) -> Result<Self, Problem> {
        let mut notes = Vec::new();
        let program = match &sweep.program {
            Some(program) => program.clone(),
            None => Program::Script { script: default_script(project, &mut notes)? },
        };
        let (mut python, mut variables, mut hydra) = (Vec::new(), Vec::new(), false);
        if let Program::Script { script } = &program {
            let text = read_script(project, script)?;
            hydra = sweep.hydra.unwrap_or_else(|| uses_hydra(&text));
            if hydra && sweep.hydra.is_none() {
                notes.push(format!("`{script}` uses Hydra: each task gets its own `hydra.run.dir` (`hydra: false` turns this off)"));
            }
            (python, variables) =
                if elsewhere { (vec![PYTHON.to_owned()], Vec::new()) } else { interpreter(project)? };
        }
        let launch = Launch {
            program,
            python,
            hydra,
            group: group.map(str::to_owned),
            project_root: project.root.clone(),
        };
        Ok(Self { launch, variables, notes })
    }
}

/// `paths.train_script`, or the only script that looks like one.
fn default_script(project: &Project, notes: &mut Vec<String>) -> Result<String, Problem> {
    if let Some(script) = &project.settings.paths.train_script {
        return Ok(script.clone());
    }
    let mut found = scripts_of(project)?;
    match found.len() {
        1 => {
            let script = found.remove(0);
            notes.push(format!("running `{script}`, the only script found"));
            Ok(script)
        }
        0 => Err(Problem::new(
            Exit::Configuration,
            "the sweep file names neither `script` nor `command`, and no script was found",
        )
        .with_hint("add `script: FILE` to the sweep file")),
        _ => Err(Problem::new(
            Exit::Configuration,
            format!("the sweep file names no `script`, and several could be meant: {}", list(&found)),
        )
        .with_hint(format!("add one to the sweep file, for example `script: {}`", found[0]))),
    }
}

fn read_script(project: &Project, script: &str) -> Result<String, Problem> {
    let path = project.root.join(script);
    match fs::read(&path) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) => {
            let found = scripts_of(project)?;
            let problem =
                Problem { exit: Exit::Configuration, ..Problem::file("read the script", &path, &error) };
            Err(match closest(script, found.iter().map(String::as_str)) {
                Some(near) => problem.with_hint(format!("did you mean `{near}`?")),
                None if found.is_empty() => {
                    problem.with_hint(format!("paths start at `{}`", project.root.display()))
                }
                None => problem.with_hint(format!("there is {}", list(&found))),
            })
        }
    }
}

fn scripts_of(project: &Project) -> Result<Vec<String>, Problem> {
    scripts::candidates(&project.root)
        .map_err(|error| Problem::file("read the folder", &project.root, &error))
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

type Interpreter = (Vec<String>, Vec<(String, String)>);

/// The interpreter, and the variables that go with it.
fn interpreter(project: &Project) -> Result<Interpreter, Problem> {
    let paths = &project.settings.paths;
    if let Some(name) = &paths.conda_env {
        return conda(name, &conda_roots(), &project.root);
    }
    let python = match &paths.python_interpreter {
        None => vec![PYTHON.to_owned()],
        Some(file) if project.root.join(file).is_file() => {
            vec![project.root.join(file).display().to_string()]
        }
        Some(line) => line.split_whitespace().map(str::to_owned).collect(),
    };
    Ok((python, Vec::new()))
}

/// The interpreter of a conda environment, by its own path: `conda run` would stand between hsm and the task.
fn conda(name: &str, roots: &[PathBuf], project_root: &Path) -> Result<Interpreter, Problem> {
    let places: Vec<PathBuf> = if name.contains('/') {
        vec![project_root.join(name)]
    } else {
        roots
            .iter()
            .map(|root| if name == "base" { root.clone() } else { root.join("envs").join(name) })
            .collect()
    };
    let Some(folder) = places.iter().find(|folder| folder.join("bin/python").exists()) else {
        let looked: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        return Err(Problem::new(
            Exit::Configuration,
            format!(
                "there is no conda environment `{name}` (`paths.conda_env`); looked for {}",
                list(&looked)
            ),
        )
        .with_hint("`conda env list` shows those there are; a path works as well"));
    };
    let bin = folder.join("bin");
    let path = environment::path().map_or(String::new(), |path| format!(":{path}"));
    let variables = vec![
        ("CONDA_PREFIX".to_owned(), folder.display().to_string()),
        ("CONDA_DEFAULT_ENV".to_owned(), name.to_owned()),
        ("PATH".to_owned(), format!("{}{path}", bin.display())),
    ];
    Ok((vec![bin.join("python").display().to_string()], variables))
}

fn conda_roots() -> Vec<PathBuf> {
    // `CONDA_EXE` is `<root>/bin/conda`.
    let named = environment::conda_exe().and_then(|path| Some(path.parent()?.parent()?.to_owned()));
    let home = environment::home();
    let usual = CONDA_FOLDERS.iter().filter_map(|name| Some(home.as_ref()?.join(name)));
    named.into_iter().chain(usual).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use hsm_core::settings::Settings;

    fn project(files: &[&str]) -> (tempfile::TempDir, Project) {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let root = folder.path().to_owned();
        (folder, Project { root, settings: Settings::default() })
    }

    #[test]
    fn a_script_is_taken_only_where_there_is_no_choice() {
        for (files, expected) in
            [(&[][..], None), (&["train.py"], Some("train.py")), (&["train.py", "train_b.py"], None)]
        {
            let (_folder, project) = project(files);
            let mut notes = Vec::new();
            assert_eq!(default_script(&project, &mut notes).ok().as_deref(), expected);
            assert_eq!(notes.len(), usize::from(expected.is_some()), "a choice is said");
        }
    }

    #[test]
    fn a_missing_script_names_the_one_that_was_meant() {
        let (_folder, project) = project(&["train.py"]);
        let problem = read_script(&project, "trian.py").unwrap_err();
        assert_eq!(problem.exit, Exit::Configuration);
        assert_eq!(problem.hint.as_deref(), Some("did you mean `train.py`?"));
    }

    #[test]
    fn the_first_conda_that_has_the_environment_is_taken() {
        let (folder, project) =
            project(&["a/envs/other/bin/python", "b/envs/mine/bin/python", "own/bin/python"]);
        let roots = [folder.path().join("a"), folder.path().join("b")];
        let python = |name| conda(name, &roots, &project.root).map(|(python, _)| python[0].clone()).ok();
        assert!(python("mine").unwrap().ends_with("b/envs/mine/bin/python"));
        assert!(python("./own").unwrap().ends_with("own/bin/python"));
        assert_eq!(python("nowhere"), None);
    }
}
