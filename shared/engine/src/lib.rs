//! Load, decide, save, perform: what every function does around the rules of `core`.
//!
//! No rule stands here and no AWS service is known here. [`drive`] carries a run on as far as one function may;
//! [`pipelines`] changes a pipeline; [`records`] reads and writes typed records; [`kept`] keeps answers so that none
//! is bought twice; [`adopt`] makes a repeated create harmless.

pub mod adopt;
pub mod drive;
pub mod error;
pub mod event;
pub mod kept;
pub mod pipelines;
pub mod questions;
pub mod records;
pub mod reports;
pub mod settings;
pub mod temporary;
pub mod time_left;
pub mod weights;

pub use drive::{Perform, StepResult, drive};
pub use error::EngineError;
pub use event::WakeUp;
pub use settings::{Desk, Invocation, Settings};
