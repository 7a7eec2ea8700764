//! The Lambda function `reconcile`.

// It does one thing at a time, on less than a core: one thread starts sooner.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    perennial_reconcile::main().await
}
