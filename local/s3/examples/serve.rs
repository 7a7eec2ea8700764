//! Serves a store alone, for trying clients by hand: `cargo run -p perennial-local-s3 --example serve -- DIR PORT`.
#![allow(
    clippy::unwrap_used,
    reason = "a tool for developers may stop at the first error"
)]

#[path = "../tests/support/mod.rs"]
mod support;

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let (Some(dir), Some(port)) = (args.next(), args.next()) else {
        eprintln!("usage: serve DIR PORT");
        std::process::exit(2);
    };
    let served = support::serve_dir(dir.as_ref(), &format!("127.0.0.1:{port}")).await;
    println!(
        "{} as {} / {}",
        served.endpoint,
        support::ACCESS_KEY,
        support::SECRET_KEY
    );
    std::future::pending::<()>().await;
}
