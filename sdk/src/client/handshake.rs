//! Why a connection could not be made, in words that say what to do about it. Most often it is about
//! certificates.
//!
//! A server that demands a client certificate lets the client's side of the handshake succeed and
//! ends the connection after it; so the first call's failure is judged here, too. Its alert may be
//! lost with the connection, hence the guess where nothing else is known. A server that dies at that
//! moment looks the same: the caller asks again before it believes the guess.

use std::{error::Error, io};

use rustls::{AlertDescription, CertificateError, Error as Tls};

use super::{
    error::ConnectError,
    options::{ConnectOptions, chain},
};

const CA_SETTINGS: &str = "`TlsOptions::server_ca`, TEMPORAL_TLS_SERVER_CA_CERT_PATH, or \
                           `server_ca_cert_path` in the `tls` table of the temporal.toml profile";
const NAME_SETTINGS: &str = "`TlsOptions::server_name`, TEMPORAL_TLS_SERVER_NAME, or `server_name` \
                             in the `tls` table of the temporal.toml profile";
const CLIENT_SETTINGS: &str = "`TlsOptions::client_cert` and `client_key`, \
                               TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH, or \
                               `client_cert_path` and `client_key_path` in the `tls` table of the \
                               temporal.toml profile";

/// What was being done when the connection failed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing had been reached yet, or TLS was being agreed on.
    Connecting,
    /// The connection stood, and the first call was lost with it.
    FirstCall,
}

/// Whether the two sides have told each other what is wrong. What else ends a connection may be a
/// refusal or the end of the server.
pub(super) fn is_certain(error: &(dyn Error + 'static)) -> bool {
    handshake_error(error).is_some()
}

/// What a failure of the transport means.
pub(super) fn explain(
    options: &ConnectOptions,
    stage: Stage,
    error: &(dyn Error + 'static),
) -> ConnectError {
    let address = options.address.clone();
    let tls = options.uses_tls();
    let message = match (handshake_error(error), stage) {
        (Some(error), _) => advice(options, error),
        (None, Stage::Connecting) => {
            return ConnectError::Unreachable { address, message: chain(error) };
        }
        (None, Stage::FirstCall) if !tls => format!(
            "it does not answer in plain HTTP/2 ({}); if it expects TLS, begin the address with \
             `https://` or set TEMPORAL_TLS=true",
            chain(error)
        ),
        (None, Stage::FirstCall) => format!(
            "it ended the connection right after the handshake ({}), as a server does that {}",
            chain(error),
            client_certificate(options)
        ),
    };
    ConnectError::Handshake { address, message }
}

fn advice(options: &ConnectOptions, error: &Tls) -> String {
    match error {
        Tls::InvalidCertificate(CertificateError::UnknownIssuer) => {
            let tls = options.tls.as_ref();
            let than = match tls.and_then(|tls| tls.server_ca.as_ref()) {
                Some(_) => "is signed by another authority than the one given",
                None => "is signed by an authority that this machine does not know",
            };
            format!("its certificate {than}; give that authority's certificate as {CA_SETTINGS}")
        }
        Tls::InvalidCertificate(
            error @ (CertificateError::NotValidForName
            | CertificateError::NotValidForNameContext { .. }),
        ) => format!(
            "its {error}; connect by a name that is in the certificate, or give one as \
             {NAME_SETTINGS}"
        ),
        Tls::InvalidCertificate(error) => format!("its certificate is not valid: {error}"),
        Tls::AlertReceived(AlertDescription::CertificateRequired) => {
            format!("it {}", client_certificate(options))
        }
        Tls::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::DecryptError
            | AlertDescription::AccessDenied),
        ) => format!("it answers {alert:?}: it {}", client_certificate(options)),
        Tls::InvalidMessage(_) => format!(
            "it does not answer in TLS ({error}); if it speaks plain HTTP/2, begin the address with \
             `http://` or set TEMPORAL_TLS=false"
        ),
        other => other.to_string(),
    }
}

/// Completes "a server that …".
fn client_certificate(options: &ConnectOptions) -> String {
    let given = options.tls.as_ref().is_some_and(|tls| tls.client_cert.is_some());
    if given {
        format!(
            "does not accept the client certificate; give one that it knows as {CLIENT_SETTINGS}"
        )
    } else {
        format!("demands a client certificate; give it as {CLIENT_SETTINGS}")
    }
}

/// The TLS error among the causes of an error.
fn handshake_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Tls> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<Tls>() {
            return Some(tls);
        }
        // An I/O error shows the causes of what it wraps, but not what it wraps.
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(tls) = wrapped.and_then(|error| error.downcast_ref::<Tls>()) {
            return Some(tls);
        }
        cause = error.source();
    }
    None
}
