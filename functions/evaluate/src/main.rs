//! The Lambda function `evaluate`.

// It waits for AWS and computes little: one thread starts sooner.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    perennial_evaluate::main().await
}
