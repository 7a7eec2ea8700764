//! The Lambda function `ingest`.

#[tokio::main]
async fn main() -> Result<(), lambda_runtime::Error> {
    perennial_ingest::main().await
}
