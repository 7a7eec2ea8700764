//! The Lambda function `cleanup`.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    perennial_cleanup::main().await
}
