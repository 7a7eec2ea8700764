//! A listener on 127.0.0.1 in front of the services, routing by the service that the signature names.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use perennial_local_services::{
    Caller, Clock, MemoryObjects, ObjectAccess, Pace, ServiceName, Services, SystemClock,
};
use tempfile::TempDir;
use tokio::net::TcpListener;

pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    pub(crate) services: Arc<Services>,
    pub(crate) objects: Arc<MemoryObjects>,
    _folder: TempDir,
}

impl Listener {
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let objects = Arc::new(MemoryObjects::default());
        let access: Arc<dyn ObjectAccess> = Arc::clone(&objects) as _;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let services =
            Arc::new(Services::open(folder.path(), access, Pace::instant(), clock).unwrap());
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let served = Arc::clone(&services);
        tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                let services = Arc::clone(&served);
                let service = service_fn(move |request| answer(Arc::clone(&services), request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        Self {
            address,
            services,
            objects,
            _folder: folder,
        }
    }
}

async fn answer(
    services: Arc<Services>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    // `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, …`
    let scope = parts.headers["authorization"]
        .to_str()
        .unwrap()
        .split(['=', ','])
        .nth(1)
        .unwrap();
    let fields: Vec<&str> = scope.split('/').collect();
    let service = ServiceName::of(fields[3], parts.uri.path()).unwrap();
    let caller = Caller {
        access_key: fields[0].to_owned(),
        function: None,
    };
    let request = Request::from_parts(parts, body);
    let answered = tokio::task::spawn_blocking(move || services.handle(service, &caller, &request))
        .await
        .unwrap();
    Ok(answered.response.map(Full::new))
}
