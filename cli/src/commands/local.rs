//! `perennial local`: the local cloud in the foreground, and what a shell must export to talk to it.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use perennial_local::{Cloud, FunctionCommand, Names, Options};
use tracing_subscriber::EnvFilter;

use crate::args::{LocalArgs, LocalCommand};
use crate::exit::Failure;
use crate::output;

/// The rule that has the bucket listed.
const SYNC: &str = "perennial-local-sync";

/// Between two listings of the bucket with chaos, which loses the events that tell of uploads; a day without.
const SYNC_IN_CHAOS: Duration = Duration::from_secs(10);

pub(super) async fn run(args: LocalArgs) -> Result<(), Failure> {
    if let Some(LocalCommand::Env(of)) = args.command {
        return env(&of.dir);
    }
    let logs = EnvFilter::try_from_env("PERENNIAL_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,dynoxide=error,perennial_local::chaos=info"));
    tracing_subscriber::fmt()
        .with_env_filter(logs)
        .with_writer(std::io::stderr)
        .init();
    let mut options = options(&args.dir.dir)?;
    options.port = args.port;
    options.trace = args.trace.clone();
    options.chaos = args.chaos;
    if let Some(file) = &args.template {
        options.template.name = file.display().to_string();
        options.template.text = std::fs::read_to_string(file)
            .map_err(Failure::file("cannot read the template", file))?;
    }
    options.template.check()?;
    if args.template.is_some() {
        warn(&options.template.departures()?);
    }
    if args.chaos.is_some() {
        options.template.set_period(SYNC, SYNC_IN_CHAOS);
    }
    let cloud = Cloud::start(options).await?;
    output::print(&hello(cloud.endpoint(), cloud.dir(), &args));
    wait_for_the_end().await?;
    eprintln!("stopping; everything is kept in {}", cloud.dir().display());
    cloud.stop().await;
    Ok(())
}

/// Tells in what somebody's own template departs from the standard of Perennial's.
fn warn(departures: &[String]) {
    if departures.is_empty() {
        return;
    }
    eprintln!(
        "the template departs from the standard of Perennial's own; the cloud runs it all the same:"
    );
    for departure in departures {
        eprintln!("  {departure}");
    }
}

/// A local cloud in `dir` whose functions are this very program.
pub(super) fn options(dir: &Path) -> Result<Options, Failure> {
    let program = std::env::current_exe().map_err(|error| {
        Failure::Service(format!(
            "this program cannot find itself, to run the functions: {error}"
        ))
    })?;
    let function_command = FunctionCommand {
        program,
        args: vec!["__function".into()],
    };
    Ok(Options::new(dir, function_command))
}

fn env(dir: &Path) -> Result<(), Failure> {
    let mut lines = perennial_local::env_lines(dir)?;
    // What the template sets for every function, so that one may be started by `cargo lambda watch` too.
    let stack = options(dir)?.template.check()?;
    let settings = stack.functions.iter().flat_map(|function| &function.env);
    let settings: BTreeMap<&String, &String> = settings.collect();
    for (name, value) in settings {
        if name.starts_with("PERENNIAL_") {
            lines.push(format!("export {name}={value}"));
        }
    }
    output::print(&lines.join("\n"));
    Ok(())
}

fn hello(endpoint: &str, dir: &Path, args: &LocalArgs) -> String {
    let named = args.dir.dir.as_path();
    let names = Names::default();
    let drop = dir.join("drop");
    let of_dir = if named == Path::new(crate::args::DEFAULT_DIR) {
        String::new()
    } else {
        format!(" --dir {}", named.display())
    };
    let mut facts = vec![
        ("local cloud", endpoint.to_owned()),
        ("bucket", names.bucket),
        (
            "drop folder",
            format!(
                "{}\nconfigurations into pipelines/, data into data/PIPELINE/, prompts into eval/PIPELINE/",
                drop.display()
            ),
        ),
        ("logs", dir.join("logs").display().to_string()),
        (
            "AWS clients",
            format!("eval \"$(perennial local env{of_dir})\""),
        ),
        (
            "stop",
            "Ctrl-C; everything is kept, and goes on at the next start".into(),
        ),
    ];
    if let Some(seed) = args.chaos {
        let log = dir.join("logs/chaos.log");
        let text = format!("by seed {seed}; every fault is a line in {}", log.display());
        facts.push(("chaos", text));
    }
    output::facts(&facts)
}

/// Waits for Ctrl-C or a termination signal.
async fn wait_for_the_end() -> Result<(), Failure> {
    let failed = |error| Failure::Service(format!("signals cannot be received: {error}"));
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted.map_err(failed),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.map_err(failed)
}
