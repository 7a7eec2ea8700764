//! The Lambda function `promote`.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    perennial_promote::main().await
}
