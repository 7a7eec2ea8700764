//! `perennial check`: data files and configurations, by the same rules that hold after an upload. Nothing is sent.

mod media;
mod place;
mod read;
mod target;

use std::path::{Path, PathBuf};

use perennial_core::config::Config;
use perennial_core::prices::{self, Estimate, UsageEstimate};
use perennial_dataset::{MediaLimits, Purpose, Summary};
use perennial_report::html::{self, Cost, Page};
use perennial_report::{Check, Configuration};

use self::read::Reading;
use self::target::Target;
use crate::args::CheckArgs;
use crate::exit::Failure;
use crate::output;
use crate::views::check::text;

pub(super) fn run(args: &CheckArgs, region: Option<&str>) -> Result<(), Failure> {
    let (check, target) = check(args, region)?;
    if let Some(path) = &args.html {
        std::fs::write(path, page(&check, target.as_ref()))
            .map_err(Failure::file("cannot write", path))?;
    }
    if args.json {
        output::print_json(&check)?;
    } else {
        output::print(&text(&check, output::look()));
    }
    if check.ok {
        return Ok(());
    }
    let files = check.files.iter().filter(|file| !file.is_accepted());
    let configurations = check.configurations.iter().filter(|one| !one.is_good());
    let bad = files.count() + configurations.count();
    Err(Failure::Bad(format!(
        "{} rejected",
        output::count(bad as u64, "file")
    )))
}

/// What was found, and what the data was held against if there was any.
fn check(args: &CheckArgs, region: Option<&str>) -> Result<(Check, Option<Target>), Failure> {
    place::page_is_elsewhere(args)?;
    let (mut configurations, data): (Vec<_>, Vec<_>) = args
        .files
        .iter()
        .partition(|path| path.extension().is_some_and(|end| end == "toml"));
    configurations.extend(args.config.as_ref());
    configurations.sort();
    configurations.dedup();
    let mut check = Check::default();
    let mut wanted = None;
    for path in configurations {
        let (configuration, target) = configuration(path, region)?;
        check.configurations.push(configuration);
        if args.config.as_ref() == Some(path) {
            wanted = target;
        }
    }
    let target = match &args.config {
        _ if data.is_empty() => None,
        Some(_) => wanted,
        None => Some(target::named(args, region)?),
    };
    match &target {
        Some(target) => files(args, &data, target, &mut check)?,
        None if data.is_empty() => {}
        None => check
            .notes
            .push("the data was not checked, as its configuration is not valid".into()),
    }
    check.ok = check.files.iter().all(Summary::is_accepted)
        && check.configurations.iter().all(Configuration::is_good);
    Ok((check, target))
}

fn configuration(
    path: &Path,
    region: Option<&str>,
) -> Result<(Configuration, Option<Target>), Failure> {
    let bytes = std::fs::read(path).map_err(Failure::file("cannot read", path))?;
    let mut configuration = Configuration {
        name: path.display().to_string(),
        errors: Vec::new(),
        refused: None,
    };
    let target = match Config::parse_bytes(&bytes) {
        Err(errors) => {
            configuration.errors = errors.errors;
            None
        }
        Ok(config) => {
            let (target, refused) = target::of(config, region);
            configuration.refused = refused.map(|error| error.to_string());
            target
        }
    };
    Ok((configuration, target))
}

fn files(
    args: &CheckArgs,
    paths: &[&PathBuf],
    target: &Target,
    check: &mut Check,
) -> Result<(), Failure> {
    check.base_model = Some(target.base_model.clone());
    check.notes.extend(target.note.clone());
    if let Some(folder) = &args.media
        && !folder.is_dir()
    {
        return Err(Failure::Usage(format!(
            "--media {} is no folder; name the one that is uploaded to media/",
            folder.display()
        )));
    }
    if args.media.is_some() && media_limits(args, target, false).is_none() {
        check.notes.push(format!(
            "no media were looked up: {} takes none for {}",
            target.base_model, target.technique
        ));
    }
    let (mut training, mut training_files) = (0, 0);
    for path in paths {
        let evaluation = args.evaluation || place::is_evaluation(path);
        let (trained_by, technique) = target.of_stage(path);
        let limits = media_limits(args, target, evaluation);
        let (mut summary, named) = Reading {
            path,
            purpose: if evaluation {
                Purpose::Evaluation
            } else {
                Purpose::Training(trained_by.clone())
            },
            model: &target.base_model,
            technique: if evaluation { "evaluation" } else { technique },
            threads: threads(args),
            secrets: args.secrets.unwrap_or(target.secrets),
            // An evaluation set has columns of its own: its header decides.
            columns: if evaluation { &[] } else { &target.columns },
            media: limits.map_or(0, |_| media::FILES),
        }
        .summary()?;
        if let (Some(folder), Some(limits)) = (&args.media, limits) {
            let said = media::look(folder, &limits, &named, &mut summary)?;
            check.notes.push(said);
        }
        if !evaluation {
            training_files += 1;
            training += summary.records;
        }
        check.files.push(summary);
    }
    // Of one file, its own finding says it.
    if training_files > 1 && training < target.limits.min_records {
        check.notes.push(format!(
            "{} needs at least {} training records in a job; here are {training}. More may come in further uploads.",
            target.base_name, target.limits.min_records
        ));
    }
    Ok(())
}

/// What the files that records name are held to, where they are asked for and the model takes any.
fn media_limits(args: &CheckArgs, target: &Target, evaluation: bool) -> Option<MediaLimits> {
    let asked = args.media.is_some() && !evaluation;
    asked
        .then(|| MediaLimits::of(&target.base_model, &target.technique))
        .flatten()
}

fn threads(args: &CheckArgs) -> usize {
    args.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    )
}

/// The page, with what training on each file alone would cost, where prices are known.
fn page(check: &Check, target: Option<&Target>) -> String {
    let estimates: Vec<Option<Estimate>> = check
        .files
        .iter()
        .map(|file| {
            let (route, config) = target?.trained.as_ref()?;
            let usage = UsageEstimate {
                training_tokens: file.tokens_estimate,
                training_records: file.records,
                ..UsageEstimate::default()
            };
            let is_training = file.target.technique.as_deref() != Some("evaluation");
            (is_training && file.records > 0)
                .then(|| prices::estimate(route, config, &usage).ok())
                .flatten()
        })
        .collect();
    let mut page = Page::from(check);
    for (file, estimate) in page.files.iter_mut().zip(&estimates) {
        file.cost = estimate.as_ref().map(|estimate| Cost {
            lines: &estimate.lines,
            sum: estimate.total(),
        });
    }
    html::page(&page)
}
