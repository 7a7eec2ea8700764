//! The pass over a file's lines: cut into blocks of whole lines ([`cut`]), each block checked and compiled by itself ([`block`]), on
//! one thread or several ([`workers`]), and the results put together in order ([`merge`]).
pub(crate) mod block;
pub(crate) mod buffer;
pub(crate) mod cut;
mod identity;
pub(crate) mod known;
mod look;
mod made;
pub(crate) mod merge;
pub(crate) mod plan;
mod said;
pub(crate) mod stream;
mod tally;
pub(crate) mod workers;
