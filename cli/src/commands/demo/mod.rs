//! `perennial demo`: the whole loop on this machine, narrated, and then verified from the table, the bucket, Bedrock
//! and the trace. It succeeds only if all of it really happened.

mod data;
mod narrator;
mod proof;
mod story;
mod technique;
mod trace;

use std::path::{Path, PathBuf};
use std::time::Duration;

use perennial_local::{Cloud, DropFolder, Pace};

use crate::args::DemoArgs;
use crate::commands::local;
use crate::connect::Connection;
use crate::exit::Failure;
use data::Data;
use narrator::Narrator;
use story::Story;
use technique::Material;

/// A stage (a run, a deletion) that takes longer has failed.
const STAGE_LIMIT: Duration = Duration::from_secs(90);

/// Where the demo happens.
struct Place {
    dir: PathBuf,
    /// Removes the folder, unless it is to be kept.
    temporary: Option<tempfile::TempDir>,
}

impl Place {
    fn new(keep: Option<&Path>) -> Result<Self, Failure> {
        let Some(dir) = keep else {
            let made = tempfile::Builder::new().prefix("perennial-demo-").tempdir();
            let made = made.map_err(Failure::file(
                "cannot make a temporary folder in",
                std::env::temp_dir(),
            ))?;
            return Ok(Self {
                dir: made.path().to_owned(),
                temporary: Some(made),
            });
        };
        let failed = || Failure::file("cannot use the folder", dir);
        std::fs::create_dir_all(dir).map_err(failed())?;
        if std::fs::read_dir(dir).map_err(failed())?.next().is_some() {
            return Err(Failure::Usage(format!(
                "{} is not empty: the demo starts from nothing; name a new folder with --keep",
                dir.display()
            )));
        }
        let dir = dir.canonicalize().map_err(failed())?;
        Ok(Self {
            dir,
            temporary: None,
        })
    }

    /// Leaves the folder where it is, for someone to look into.
    fn keep(&mut self) {
        if let Some(temporary) = self.temporary.take() {
            let _ = temporary.keep();
        }
    }
}

pub(super) async fn run(args: &DemoArgs) -> Result<(), Failure> {
    let data = Data::load(args.data.as_deref())?;
    let mut place = Place::new(args.keep.as_deref())?;
    let narrator = Narrator::new();
    let outcome = tokio::select! {
        outcome = play(&place.dir, &data, Material::of(args.technique), &narrator) => outcome,
        _ = tokio::signal::ctrl_c() => return Err(Failure::Bad("interrupted".into())),
    };
    narrator.end();
    match outcome {
        Ok(()) => {
            let dir = &place.dir;
            if place.temporary.is_none() {
                narrator.say(&format!(
                    "Everything is kept in {0}: look around with `perennial local --dir {0}` and `perennial status --local {0}`.",
                    dir.display()
                ));
            }
            Ok(())
        }
        Err(failure) => {
            place.keep();
            let dir = place.dir.display();
            Err(Failure::Bad(format!(
                "the demo failed: {failure}\nThe functions' logs are in {dir}/logs, every AWS call is in {dir}/trace.jsonl."
            )))
        }
    }
}

async fn play(
    dir: &Path,
    data: &Data,
    material: Option<&Material>,
    narrator: &Narrator,
) -> Result<(), Failure> {
    if let Some(material) = material {
        material.teach(dir)?;
    }
    let trace = dir.join("trace.jsonl");
    let mut options = local::options(dir)?;
    options.port = 0;
    options.trace = Some(trace.clone());
    options.pace = pace();
    let often = Duration::from_secs(1);
    options
        .template
        .set_period("perennial-local-reconcile", often);
    options.drop_folder = DropFolder {
        poll: Duration::from_millis(100),
        settle: Duration::from_millis(300),
    };
    let cloud = Cloud::start(options).await?;
    narrator.say(&format!(
        "A local cloud runs at {}: an AWS account in one process, in {}",
        cloud.endpoint(),
        dir.display()
    ));
    let connection = Connection::to_cloud(cloud.endpoint()).await?;
    let story = Story {
        connection: &connection,
        narrator,
        dir,
        data,
    };
    let proven = match material {
        None => match story.tell().await {
            Ok(happened) => proof::prove(&connection, &happened, &trace, narrator).await,
            Err(failure) => Err(failure),
        },
        Some(material) => match story.tell_of(material).await {
            Ok(promoted) => {
                technique::prove(&connection, &promoted, material, &trace, narrator).await
            }
            Err(failure) => Err(failure),
        },
    };
    cloud.stop().await;
    proven
}

/// Seconds where AWS takes minutes and hours.
fn pace() -> Pace {
    let mut pace = Pace::default();
    pace.training.fixed = Duration::from_secs(2);
    pace.deployment.fixed = Duration::from_secs(1);
    pace.batch.fixed = Duration::from_secs(1);
    pace
}
