//! How a cloud is started.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::wiring::Template;

pub use perennial_local_services::{Faults, Pace};

/// The port that local AWS emulators share.
pub const DEFAULT_PORT: u16 = 4566;

/// How a cloud is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The folder that holds everything; created if it is not there.
    pub dir: PathBuf,
    /// The port on 127.0.0.1; 0 takes any free one.
    pub port: u16,
    /// Where each AWS call is written, one JSON line each; appended to.
    pub trace: Option<PathBuf>,
    /// What runs a function.
    pub function_command: FunctionCommand,
    /// What is there, and what is connected to what.
    pub template: Template,
    /// How long to wait before a failed invocation is tried again.
    pub retries: Retries,
    /// How events are delivered, to test what arrives twice, in reverse, or never.
    pub delivery: Delivery,
    /// How fast the simulated jobs advance.
    pub pace: Pace,
    /// Errors that the simulated services make on purpose.
    pub faults: Faults,
    /// The seed of what goes wrong on purpose: events lost, doubled and late, functions killed, AWS calls of functions
    /// refused, late, or without an answer. Nothing does without one.
    pub chaos: Option<u64>,
    /// How the drop folder is watched.
    pub drop_folder: DropFolder,
}

impl Options {
    /// A cloud in `dir` with every default, whose functions `function_command` runs.
    pub fn new(dir: impl Into<PathBuf>, function_command: FunctionCommand) -> Self {
        Self {
            dir: dir.into(),
            port: DEFAULT_PORT,
            trace: None,
            function_command,
            template: Template::standard(),
            retries: Retries::default(),
            delivery: Delivery::default(),
            pace: Pace::default(),
            faults: Faults::default(),
            chaos: None,
            drop_folder: DropFolder::default(),
        }
    }
}

/// What runs a function: a program and the arguments before the function's name.
#[derive(Debug, Clone)]
pub struct FunctionCommand {
    /// The program.
    pub program: PathBuf,
    /// Arguments before the function's name, such as `__function`.
    pub args: Vec<OsString>,
}

/// How long to wait before a failed invocation is tried again. How often is the template's matter.
#[derive(Debug, Clone)]
pub struct Retries {
    /// The waits before the second and third attempt of an asynchronous invocation. On AWS, one and two minutes
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>).
    pub asynchronous: Vec<Duration>,
    /// How long a message that was not taken stays hidden in its queue, in place of the queue's visibility timeout.
    pub visibility: Duration,
}

impl Default for Retries {
    fn default() -> Self {
        Self {
            asynchronous: vec![Duration::from_secs(1), Duration::from_secs(3)],
            visibility: Duration::from_secs(2),
        }
    }
}

/// How events are delivered. Promised by AWS: at least once, in no order. Job events: best effort.
#[derive(Debug, Clone, Default, Serialize, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Delivery {
    /// Every event is delivered twice.
    pub twice: bool,
    /// Events are held for a short window and delivered newest first.
    pub reversed: bool,
    /// Events of these detail-types are lost.
    pub drop: Vec<String>,
}

/// How the drop folder is watched.
#[derive(Debug, Clone)]
pub struct DropFolder {
    /// Between two looks.
    pub poll: Duration,
    /// A file counts as complete when its size and time have not changed for this long, and no process
    /// has it open for writing.
    pub settle: Duration,
}

impl Default for DropFolder {
    fn default() -> Self {
        Self {
            poll: Duration::from_millis(300),
            settle: Duration::from_millis(1000),
        }
    }
}
