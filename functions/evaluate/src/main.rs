//! The Lambda function `evaluate`.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    perennial_evaluate::main().await
}
