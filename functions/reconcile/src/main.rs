//! The Lambda function `reconcile`.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    perennial_reconcile::main().await
}
