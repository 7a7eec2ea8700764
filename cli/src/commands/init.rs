//! `perennial init`: a commented configuration for a new pipeline, as a file, and what to do with it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use perennial_core::config::init_template;

use crate::args::{DEFAULT_DIR, InitArgs};
use crate::exit::Failure;
use crate::output;

/// With `--local` the file goes into the local cloud's drop folder, where it takes effect at once.
pub(super) fn run(args: &InitArgs, local: Option<&Path>) -> Result<(), Failure> {
    let pipeline = &args.pipeline;
    let template = init_template(pipeline.as_str());
    if args.stdout {
        output::print(&template);
        return Ok(());
    }
    let folder = local.map_or_else(PathBuf::new, |dir| dir.join("drop"));
    let path = folder.join("pipelines").join(format!("{pipeline}.toml"));
    write(&path, &template, args.force)?;
    let next = if let Some(dir) = local {
        let room = |kind: &str| folder.join(kind).join(pipeline.as_str()).join("");
        let (data, eval) = (room("data"), room("eval"));
        for room in [&data, &eval] {
            create(room)?;
        }
        let taken = if perennial_local::endpoint_of(dir).is_ok() {
            "The local cloud takes it in within a few seconds.".to_owned()
        } else if dir == Path::new(DEFAULT_DIR) {
            "No local cloud is running there: start it with `perennial local`.".to_owned()
        } else {
            format!(
                "No local cloud is running there: start it with `perennial local --dir {}`.",
                dir.display()
            )
        };
        format!(
            "{taken} Next, drop data, and questions with the right answers:\n  cp FILE.jsonl {}\n  cp QUESTIONS.jsonl {}\n",
            data.display(),
            eval.display()
        )
    } else {
        format!(
            "Edit it, check it, upload it; then upload data:\n  perennial check {0}\n  aws s3 cp {0} s3://BUCKET/pipelines/{pipeline}.toml\n  \
             aws s3 cp FILE.jsonl s3://BUCKET/data/{pipeline}/\n",
            path.display()
        )
    };
    output::print(&format!("wrote {}\n{next}", path.display()));
    Ok(())
}

fn create(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(Failure::file("cannot create the folder", folder))
}

fn write(path: &Path, text: &str, force: bool) -> Result<(), Failure> {
    if let Some(folder) = path.parent() {
        create(folder)?;
    }
    let opened = if force {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
    } else {
        OpenOptions::new().write(true).create_new(true).open(path)
    };
    match opened.and_then(|mut file| file.write_all(text.as_bytes())) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(Failure::Bad(format!(
                "{} is there already and stays as it is; --force overwrites it, --stdout only prints",
                path.display()
            )))
        }
        Err(error) => Err(Failure::file("cannot write", path)(error)),
    }
}
