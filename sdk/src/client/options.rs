//! Where the server is and how to prove who is calling.

use std::{fmt, time::Duration};

use tonic::transport::{Certificate, ClientTlsConfig, Endpoint, Identity};

use super::error::ConnectError;

/// The address that a coordinator and a development server listen on by default.
pub const DEFAULT_ADDRESS: &str = "127.0.0.1:7233";
/// The namespace that always exists.
pub const DEFAULT_NAMESPACE: &str = "default";

/// How to connect to a server of the protocol. [`Default`] is a local one.
#[derive(Clone)]
pub struct ConnectOptions {
    /// `host:port`, with an optional `http://` or `https://` before it.
    pub address: String,
    /// The namespace all calls are made in.
    pub namespace: String,
    /// Names this process in histories and task queues; process id and host by default.
    pub identity: String,
    /// Sent as a bearer token. Turns TLS on unless the address says `http://`.
    pub api_key: Option<String>,
    /// TLS settings; absent means none, unless the address or the API key demands it.
    pub tls: Option<TlsOptions>,
    /// Further headers of every call.
    pub headers: Vec<(String, String)>,
    /// How long connecting may take.
    pub connect_timeout: Duration,
}

/// TLS settings. All absent: the system's certificate authorities and no client certificate.
#[derive(Clone, Default)]
pub struct TlsOptions {
    /// The name in the server's certificate, if it is not the address's host.
    pub server_name: Option<String>,
    /// Certificate authority of the server, in PEM.
    pub server_ca: Option<Vec<u8>>,
    /// Client certificate, in PEM.
    pub client_cert: Option<Vec<u8>>,
    /// Key of the client certificate, in PEM.
    pub client_key: Option<Vec<u8>>,
}

impl Default for ConnectOptions {
    fn default() -> Self {
        Self {
            address: DEFAULT_ADDRESS.into(),
            namespace: DEFAULT_NAMESPACE.into(),
            identity: default_identity(),
            api_key: None,
            tls: None,
            headers: Vec::new(),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

impl fmt::Debug for ConnectOptions {
    /// Without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectOptions")
            .field("address", &self.address)
            .field("namespace", &self.namespace)
            .field("identity", &self.identity)
            .field("api_key", &self.api_key.as_ref().map(|_| "…"))
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TlsOptions {
    /// Without secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("server_name", &self.server_name)
            .field("server_ca", &self.server_ca.is_some())
            .field("client_cert", &self.client_cert.is_some())
            .finish_non_exhaustive()
    }
}

impl ConnectOptions {
    /// Options for a server at `address`, everything else by default.
    #[must_use]
    pub fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), ..Self::default() }
    }

    /// The endpoint these options describe.
    pub(crate) fn endpoint(&self) -> Result<Endpoint, ConnectError> {
        let (uri, tls) = self.uri();
        let bad_address = |error: &dyn fmt::Display| ConnectError::Address {
            address: self.address.clone(),
            message: error.to_string(),
        };
        let parsed: http::Uri = uri.parse().map_err(|error| bad_address(&error))?;
        if parsed.port().is_none() {
            return Err(bad_address(&"the port is missing"));
        }
        let endpoint = Endpoint::from(parsed)
            .connect_timeout(self.connect_timeout)
            .tcp_nodelay(true)
            .tcp_keepalive(Some(Duration::from_secs(30)))
            // Notices a dead connection although polls may be silent for a minute.
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(15))
            .keep_alive_while_idle(true);
        match tls {
            None => Ok(endpoint),
            Some(tls) => endpoint
                .tls_config(tls.config()?)
                .map_err(|error| ConnectError::Credentials { message: chain(&error) }),
        }
    }

    /// Whether the connection is encrypted.
    pub(super) fn uses_tls(&self) -> bool {
        self.uri().1.is_some()
    }

    /// The address as a URI, and the TLS settings it is to be reached with.
    fn uri(&self) -> (String, Option<TlsOptions>) {
        let tls = self.tls.clone();
        if let Some(rest) = self.address.strip_prefix("https://") {
            return (format!("https://{rest}"), Some(tls.unwrap_or_default()));
        }
        if let Some(rest) = self.address.strip_prefix("http://") {
            return (format!("http://{rest}"), None);
        }
        let tls = tls.or_else(|| self.api_key.as_ref().map(|_| TlsOptions::default()));
        let scheme = if tls.is_some() { "https" } else { "http" };
        (format!("{scheme}://{}", self.address), tls)
    }
}

impl TlsOptions {
    fn config(self) -> Result<ClientTlsConfig, ConnectError> {
        let mut config = ClientTlsConfig::new();
        config = match self.server_ca {
            Some(ca) => config.ca_certificate(Certificate::from_pem(ca)),
            None => config.with_native_roots(),
        };
        if let Some(name) = self.server_name {
            config = config.domain_name(name);
        }
        match (self.client_cert, self.client_key) {
            (Some(cert), Some(key)) => Ok(config.identity(Identity::from_pem(cert, key))),
            (None, None) => Ok(config),
            (Some(_), None) => Err(ConnectError::Credentials {
                message: "there is a client certificate but no key for it".into(),
            }),
            (None, Some(_)) => Err(ConnectError::Credentials {
                message: "there is a client key but no certificate for it".into(),
            }),
        }
    }
}

/// An error with its causes, since transport errors say little by themselves.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

fn default_identity() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .or_else(|| std::env::var("HOSTNAME").ok())
        .or_else(|| std::env::var("COMPUTERNAME").ok())
        .unwrap_or_else(|| "localhost".into());
    format!("{}@{host}", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(address: &str, api_key: bool) -> (String, bool) {
        let api_key = api_key.then(|| "key".to_owned());
        let options = ConnectOptions { api_key, ..ConnectOptions::new(address) };
        let (uri, tls) = options.uri();
        (uri, tls.is_some())
    }

    #[test]
    fn an_api_key_turns_tls_on_unless_the_address_says_http() {
        assert_eq!(uri("a:7233", false), ("http://a:7233".into(), false));
        assert_eq!(uri("a:7233", true), ("https://a:7233".into(), true));
        assert_eq!(uri("http://a:7233", true), ("http://a:7233".into(), false));
        assert_eq!(uri("https://a:7233", false), ("https://a:7233".into(), true));
    }

    #[test]
    fn an_address_without_a_port_is_refused_by_name() {
        let error = ConnectOptions::new("example.org").endpoint().unwrap_err();
        let expected = "`example.org` is not an address of the form host:port: the port is missing";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_certificate_without_its_key_is_refused() {
        let tls = TlsOptions { client_cert: Some(vec![1]), ..Default::default() };
        let options = ConnectOptions { tls: Some(tls), ..ConnectOptions::new("a:1") };
        let message = options.endpoint().unwrap_err().to_string();
        assert!(message.contains("no key for it"), "{message}");
    }

    #[test]
    fn debug_output_holds_no_secrets() {
        let options = ConnectOptions { api_key: Some("s3cret".into()), ..Default::default() };
        assert!(!format!("{options:?}").contains("s3cret"));
    }
}
