//! One HTTPS client for all of a function's SDK clients, made ready while the function already asks for its first event.
//!
//! Left to itself, the SDK makes one for each of its clients, and each parses the certificates of all authorities before its
//! client is there: most of a function's time to its first poll (docs/performance.md).

use std::thread;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;

/// The SDK's own default client, made once. It does nothing when an SDK client is made; its connectors are made when one is
/// first used.
#[derive(Debug, Clone)]
struct Shared(SharedHttpClient);

impl HttpClient for Shared {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.0.http_connector(settings, components)
    }
}

/// The client; the certificates are being read on a thread of their own when it comes. Whoever calls before they are there waits
/// for them.
pub(crate) fn client() -> impl HttpClient + 'static {
    // As `aws_smithy_runtime::client::http::default_https_client` does, but for the cryptography: ring's is a tenth of a package
    // smaller than the default's.
    let client = Builder::new().build_with_connector_fn(|settings, components| {
        let provider = Provider::Rustls(CryptoMode::Ring);
        let mut connector = ConnectorBuilder::default().tls_provider(provider);
        connector.set_connector_settings(settings.cloned());
        if let Some(components) = components {
            connector.set_sleep_impl(components.sleep_impl());
        }
        connector.set_proxy_config(Some(ProxyConfig::from_env()));
        connector.build()
    });
    let early = client.clone();
    // Without the thread, the first call reads them.
    let _ = thread::Builder::new()
        .name("certificates".into())
        .spawn(move || {
            let (nothing, no_config) = (
                RuntimeComponentsBuilder::new("certificates"),
                ConfigBag::base(),
            );
            HttpClient::validate_base_client_config(&early, &nothing, &no_config)
        });
    Shared(client)
}
