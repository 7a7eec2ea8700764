//! `perennial demo`.
use crate::args::DemoArgs;
use crate::exit::Failure;
pub(super) async fn run(_args: &DemoArgs) -> Result<(), Failure> {
    Err(Failure::Bad("not yet".into()))
}
