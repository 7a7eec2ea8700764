//! `perennial check`: data files and configurations, by the same rules that hold after an upload. Nothing is sent.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use perennial_core::config::{Config, ConfigError};
use perennial_core::routing::{Route, RoutingError};
use perennial_dataset::{Compiler, Purpose, Summary};
use serde::Serialize;

use crate::args::CheckArgs;
use crate::exit::Failure;
use crate::output;

/// Where every model family that can be trained so far is at home; tried in this order when no region is named.
const REGIONS: [&str; 2] = ["us-east-1", "us-west-2"];

/// Bytes pushed at a time: a compressed chunk may become 200 times its size.
const CHUNK: usize = 64 * 1024;

/// Files above this size get a progress bar.
const LARGE: u64 = 16 * 1024 * 1024;

/// What the check found, as JSON.
#[derive(Debug, Serialize)]
struct Report {
    /// Whether nothing has an error.
    ok: bool,
    /// The plain id of the base model that the data was checked for; none if only configurations were checked.
    base_model: Option<String>,
    files: Vec<Summary>,
    configurations: Vec<ConfigReport>,
    notes: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ConfigReport {
    name: String,
    errors: Vec<ConfigError>,
    /// Why a valid configuration cannot be run, if so.
    refused: Option<String>,
}

impl ConfigReport {
    fn is_good(&self) -> bool {
        self.errors.is_empty() && self.refused.is_none()
    }

    fn text(&self) -> String {
        let name = output::clean(&self.name);
        if self.is_good() {
            return format!("{name}: accepted (configuration)\n");
        }
        let mut text = format!("{name}: rejected (configuration)\n");
        for error in &self.errors {
            text.push_str(&format!("\n{}\n", output::clean(&error.to_string())));
        }
        if let Some(refused) = &self.refused {
            text.push_str(&format!("\n{}\n", output::clean(refused)));
        }
        text
    }
}

pub(super) fn run(args: &CheckArgs, region: Option<&str>) -> Result<(), Failure> {
    let report = check(args, region)?;
    if args.json {
        output::print_json(&report)?;
    } else {
        output::print(&text(&report));
    }
    if report.ok {
        return Ok(());
    }
    let bad = report
        .files
        .iter()
        .filter(|file| !file.is_accepted())
        .count()
        + report
            .configurations
            .iter()
            .filter(|config| !config.is_good())
            .count();
    Err(Failure::Bad(format!(
        "{} rejected",
        output::count(bad as u64, "file")
    )))
}

fn check(args: &CheckArgs, region: Option<&str>) -> Result<Report, Failure> {
    let (mut configurations, data): (Vec<_>, Vec<_>) = args
        .files
        .iter()
        .partition(|path| path.extension().is_some_and(|end| end == "toml"));
    configurations.extend(args.config.as_ref());
    configurations.sort();
    configurations.dedup();
    let mut routes = Vec::new();
    let mut reports = Vec::new();
    for path in configurations {
        let (report, route) = configuration(path, region)?;
        reports.push(report);
        routes.push((path, route));
    }
    let mut report = Report {
        ok: true,
        base_model: None,
        files: Vec::new(),
        configurations: reports,
        notes: Vec::new(),
    };
    if !data.is_empty() {
        let route = match &args.config {
            Some(wanted) => routes
                .into_iter()
                .find(|(path, _)| *path == wanted)
                .and_then(|(_, route)| route),
            None => Some(named(args, region)?),
        };
        match route {
            Some(route) => files(args, &data, &route, &mut report)?,
            None => report
                .notes
                .push("the data was not checked, as its configuration is not valid".into()),
        }
    }
    report.ok = report.files.iter().all(Summary::is_accepted)
        && report.configurations.iter().all(ConfigReport::is_good);
    Ok(report)
}

/// The route of `--model` and `--technique`.
fn named(args: &CheckArgs, region: Option<&str>) -> Result<Route, Failure> {
    let config = Config::new(args.technique, args.model.clone());
    routed(&config, region).map_err(|error| Failure::Usage(error.to_string()))
}

fn routed(config: &Config, region: Option<&str>) -> Result<Route, RoutingError> {
    if let Some(region) = region {
        return config.check(region);
    }
    let elsewhere = |error: &RoutingError| matches!(error, RoutingError::WrongRegion { .. });
    match config.check(REGIONS[0]) {
        Err(error) if elsewhere(&error) => config.check(REGIONS[1]),
        known => known,
    }
}

fn configuration(
    path: &Path,
    region: Option<&str>,
) -> Result<(ConfigReport, Option<Route>), Failure> {
    let bytes = std::fs::read(path).map_err(Failure::file("cannot read", path))?;
    let name = path.display().to_string();
    Ok(match Config::parse_bytes(&bytes) {
        Err(errors) => (
            ConfigReport {
                name,
                errors: errors.errors,
                refused: None,
            },
            None,
        ),
        Ok(config) => match routed(&config, region) {
            Ok(route) => (
                ConfigReport {
                    name,
                    errors: Vec::new(),
                    refused: None,
                },
                Some(route),
            ),
            Err(error) => (
                ConfigReport {
                    name,
                    errors: Vec::new(),
                    refused: Some(error.to_string()),
                },
                None,
            ),
        },
    })
}

fn files(
    args: &CheckArgs,
    paths: &[&std::path::PathBuf],
    route: &Route,
    report: &mut Report,
) -> Result<(), Failure> {
    report.base_model = Some(route.base_model.clone());
    let (mut training, mut any_training) = (0, false);
    for path in paths {
        let evaluation = args.evaluation || is_evaluation(path);
        let purpose = if evaluation {
            Purpose::Evaluation
        } else {
            Purpose::Training(route.limits.clone())
        };
        let summary = compile(path, purpose)?;
        if !evaluation {
            any_training = true;
            training += summary.records;
        }
        report.files.push(summary);
    }
    if any_training && training < route.limits.min_records {
        report.notes.push(format!(
            "{} needs at least {} training records in a job; here are {training}. More may come in further uploads.",
            route.base_name, route.limits.min_records
        ));
    }
    Ok(())
}

/// A file in a folder `eval`, as in the bucket and in the drop folder.
fn is_evaluation(path: &Path) -> bool {
    path.parent()
        .is_some_and(|folder| folder.components().any(|part| part.as_os_str() == "eval"))
}

fn compile(path: &Path, purpose: Purpose) -> Result<Summary, Failure> {
    if path == Path::new("-") {
        return read(
            std::io::stdin().lock(),
            path,
            purpose,
            &ProgressBar::hidden(),
        );
    }
    let failed = || Failure::file("cannot read", path);
    let file = File::open(path).map_err(failed())?;
    let about = file.metadata().map_err(failed())?;
    if about.is_dir() {
        return Err(Failure::Usage(format!(
            "{} is a folder; name the files in it",
            path.display()
        )));
    }
    let bar = if about.len() > LARGE {
        ProgressBar::new(about.len())
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template("[{bar:24}] {bytes}/{total_bytes} {msg}") {
        bar.set_style(style);
    }
    bar.set_message(path.display().to_string());
    let summary = read(file, path, purpose, &bar);
    bar.finish_and_clear();
    summary
}

fn read(
    mut file: impl Read,
    path: &Path,
    purpose: Purpose,
    bar: &ProgressBar,
) -> Result<Summary, Failure> {
    let name = path.display().to_string();
    let mut compiler = Compiler::new(&name, purpose);
    let mut chunk = vec![0; CHUNK];
    let mut compiled = Vec::new();
    loop {
        let length = match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::file("cannot read", path)(error)),
        };
        compiler.push(&chunk[..length], &mut compiled);
        compiled.clear();
        bar.inc(length as u64);
        if compiler.is_hopeless() {
            break;
        }
    }
    Ok(compiler.finish(&mut compiled))
}

fn text(report: &Report) -> String {
    let mut parts: Vec<String> = report
        .configurations
        .iter()
        .map(ConfigReport::text)
        .collect();
    parts.extend(report.files.iter().map(Summary::to_text));
    if let Some(model) = &report.base_model {
        parts.push(format!("checked for {model}\n"));
    }
    parts.extend(report.notes.iter().map(|note| format!("note: {note}\n")));
    parts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_an_eval_folder_is_an_evaluation_set() {
        assert!(is_evaluation(Path::new("drop/eval/bot/prompts.jsonl")));
        assert!(!is_evaluation(Path::new("drop/data/bot/eval")));
        assert!(!is_evaluation(Path::new("eval.jsonl")));
    }

    #[test]
    fn a_model_is_found_in_the_region_where_it_is_at_home() {
        let config =
            |model: &str| Config::new(perennial_core::config::Technique::FineTuning, model);
        assert_eq!(
            routed(&config("amazon.nova-lite-v1:0"), None)
                .unwrap()
                .region,
            "us-east-1"
        );
        assert_eq!(
            routed(&config("meta.llama3-3-70b-instruct-v1:0"), None)
                .unwrap()
                .region,
            "us-west-2"
        );
        assert!(routed(&config("amazon.nova-lite-v1:0"), Some("eu-west-1")).is_err());
    }
}
