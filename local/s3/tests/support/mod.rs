//! A store behind a real loopback listener, and AWS's own client for it.
#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::path::Path;
use std::sync::Arc;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use perennial_local_s3::{Store, service};
use s3s::auth::SimpleAuth;
use tokio::net::TcpListener;

pub(crate) const BUCKET: &str = "models";
pub(crate) const ACCESS_KEY: &str = "AKIAIOSFODNN7EXAMPLE";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

/// A listening store; it stops listening when dropped.
pub(crate) struct Served {
    pub(crate) store: Arc<Store>,
    pub(crate) client: aws_sdk_s3::Client,
    pub(crate) endpoint: String,
    task: tokio::task::JoinHandle<()>,
    _dir: Option<tempfile::TempDir>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Serves a fresh store that has [`BUCKET`].
pub(crate) async fn serve() -> Served {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).unwrap();
    store.create_bucket(BUCKET, "us-east-1").await.unwrap();
    let mut served = serve_store(store, "127.0.0.1:0").await;
    served._dir = Some(dir);
    served
}

/// Serves the store in a folder.
pub(crate) async fn serve_dir(dir: &Path, address: &str) -> Served {
    serve_store(Store::open(dir).unwrap(), address).await
}

async fn serve_store(store: Arc<Store>, address: &str) -> Served {
    let service = service(
        Arc::clone(&store),
        SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY),
    );
    let listener = TcpListener::bind(address).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let service = service.clone();
            connections.spawn(async move {
                let server = auto::Builder::new(TokioExecutor::new());
                let _ = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    Served {
        client: client(&endpoint, true),
        store,
        endpoint,
        task,
        _dir: None,
    }
}

/// AWS's client with its defaults, but for where to go and as whom.
pub(crate) fn client(endpoint: &str, path_style: bool) -> aws_sdk_s3::Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .force_path_style(path_style)
        .credentials_provider(Credentials::new(ACCESS_KEY, SECRET_KEY, None, None, "test"))
        .build();
    aws_sdk_s3::Client::from_conf(config)
}

/// The error code that an answer carries.
pub(crate) fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    error.code().unwrap_or_default().to_owned()
}
