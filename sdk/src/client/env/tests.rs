use super::*;

const FILE: &str = r#"
[profile.default]
address = "file:7233"
namespace = "from-file"
[profile.default.grpc_meta]
x-team = "pay"
[profile.cloud]
address = "cloud:7233"
api_key = "key-from-file"
[profile.cloud.tls]
server_name = "sni"
client_cert_path = "/cert.pem"
client_key_data = "KEY"
[profile.plain.tls]
disabled = true
"#;

fn resolve_with(variables: &[(&str, &str)]) -> Result<ConnectOptions, ConnectError> {
    let owned: Vec<(String, String)> =
        variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    resolve(&Sources {
        variable: &|name| owned.iter().find(|(k, _)| k == name).map(|(_, v)| v.clone()),
        variables: &|prefix| owned.iter().filter(|(k, _)| k.starts_with(prefix)).cloned().collect(),
        read: &|path| match path.to_str() {
            Some("/temporal.toml") => Ok(FILE.into()),
            Some("/cert.pem") => Ok(b"CERT".to_vec()),
            _ => Err(io::ErrorKind::NotFound.into()),
        },
    })
}

#[test]
fn without_any_setting_it_is_the_local_server() {
    let options = resolve_with(&[]).unwrap();
    assert_eq!(
        (options.address.as_str(), options.namespace.as_str()),
        ("127.0.0.1:7233", "default")
    );
    assert!(options.tls.is_none() && options.api_key.is_none());
}

#[test]
fn the_default_profile_is_read_and_the_environment_wins() {
    let file = ("TEMPORAL_CONFIG_FILE", "/temporal.toml");
    let options = resolve_with(&[file]).unwrap();
    assert_eq!((options.address.as_str(), options.namespace.as_str()), ("file:7233", "from-file"));
    assert_eq!(options.headers, [("x-team".to_owned(), "pay".to_owned())]);

    let options =
        resolve_with(&[file, ("TEMPORAL_ADDRESS", "env:1"), ("TEMPORAL_GRPC_META_X_TEAM", "ops")])
            .unwrap();
    assert_eq!((options.address.as_str(), options.namespace.as_str()), ("env:1", "from-file"));
    assert_eq!(options.headers, [("x-team".to_owned(), "ops".to_owned())]);
}

#[test]
fn a_named_profile_brings_its_key_and_certificates() {
    let file = ("TEMPORAL_CONFIG_FILE", "/temporal.toml");
    let options = resolve_with(&[file, ("TEMPORAL_PROFILE", "cloud")]).unwrap();
    assert_eq!(options.api_key.as_deref(), Some("key-from-file"));
    let tls = options.tls.unwrap();
    assert_eq!(tls.server_name.as_deref(), Some("sni"));
    assert_eq!(tls.client_cert.as_deref(), Some(b"CERT".as_slice()));
    assert_eq!(tls.client_key.as_deref(), Some(b"KEY".as_slice()));
}

#[test]
fn tls_can_be_turned_off_although_there_is_a_key() {
    let options = resolve_with(&[("TEMPORAL_TLS", "false"), ("TEMPORAL_API_KEY", "k")]).unwrap();
    assert_eq!(options.address, "http://127.0.0.1:7233");
    assert!(options.tls.is_none());
}

#[test]
fn what_is_named_and_missing_is_an_error_that_names_it() {
    let file = ("TEMPORAL_CONFIG_FILE", "/temporal.toml");
    let message = |variables: &[(&str, &str)]| resolve_with(variables).unwrap_err().to_string();
    assert_eq!(
        message(&[file, ("TEMPORAL_PROFILE", "prod")]),
        "/temporal.toml: it has no profile `prod`; it has cloud, default, plain"
    );
    assert!(message(&[("TEMPORAL_CONFIG_FILE", "/nowhere")]).starts_with("/nowhere: "));
    assert!(message(&[("TEMPORAL_TLS_CLIENT_CERT_PATH", "/gone.pem")]).starts_with("/gone.pem: "));
    assert_eq!(
        message(&[("TEMPORAL_TLS", "maybe")]),
        "TEMPORAL_TLS: `maybe` is neither true nor false"
    );
}
