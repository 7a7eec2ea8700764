//! What is looked for in texts: strings that make a job fail, secrets, characters that were lost.
pub(crate) mod cards;
pub(crate) mod forbidden;
pub(crate) mod hidden;
mod kinds;
pub(crate) mod marks;
pub(crate) mod secrets;
pub(crate) mod windows;
