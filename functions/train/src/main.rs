//! The Lambda function `train`.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    perennial_train::main().await
}
