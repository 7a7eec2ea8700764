//! `perennial __function NAME`: one of the six Lambda functions, as the local cloud starts it.

use std::process::ExitCode;

use perennial_core::announcement::Function;

use crate::exit;

/// Serves the function's events until the Runtime API ends.
pub(crate) fn run(name: &str) -> ExitCode {
    let Some(function) = Function::ALL
        .into_iter()
        .find(|function| function.name() == name)
    else {
        let all = Function::ALL.map(Function::name).join(", ");
        eprintln!("error: there is no function {name}; there are {all}");
        return ExitCode::from(exit::USAGE);
    };
    if let Err(error) = perennial_local::exit_when_the_cloud_ends() {
        eprintln!("error: the local cloud cannot be watched: {error}");
        return ExitCode::from(exit::SERVICE);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: the asynchronous runtime cannot be started: {error}");
            return ExitCode::from(exit::SERVICE);
        }
    };
    match runtime.block_on(serve(function)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the function {name} ended: {error}");
            ExitCode::from(exit::SERVICE)
        }
    }
}

async fn serve(function: Function) -> Result<(), lambda_runtime::Error> {
    match function {
        Function::Ingest => perennial_ingest::main().await,
        Function::Train => perennial_train::main().await,
        Function::Evaluate => perennial_evaluate::main().await,
        Function::Promote => perennial_promote::main().await,
        Function::Reconcile => perennial_reconcile::main().await,
        Function::Cleanup => perennial_cleanup::main().await,
    }
}
