//! Connection settings from the environment and from a `temporal.toml` profile, by the names that
//! every tool of this protocol uses.
//!
//! The file is `TEMPORAL_CONFIG_FILE`, or `temporalio/temporal.toml` in the user's configuration
//! folder if that exists; the profile is `TEMPORAL_PROFILE` or `default`. Environment variables win
//! over the file. A file or profile that is asked for and missing is an error; a default one that is
//! missing is not.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use super::{
    error::ConnectError,
    options::{ConnectOptions, TlsOptions},
};

#[derive(Debug, Default, Deserialize)]
struct ConfigFile {
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Profile {
    address: Option<String>,
    namespace: Option<String>,
    api_key: Option<String>,
    tls: Option<Tls>,
    #[serde(default)]
    grpc_meta: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Tls {
    disabled: Option<bool>,
    server_name: Option<String>,
    server_ca_cert_path: Option<PathBuf>,
    server_ca_cert_data: Option<String>,
    client_cert_path: Option<PathBuf>,
    client_cert_data: Option<String>,
    client_key_path: Option<PathBuf>,
    client_key_data: Option<String>,
    disable_host_verification: Option<bool>,
}

/// What settings are read from, so that tests need no process environment.
pub(super) struct Sources<'a> {
    pub(super) variable: &'a dyn Fn(&str) -> Option<String>,
    /// All variables whose name begins with this.
    pub(super) variables: &'a dyn Fn(&str) -> Vec<(String, String)>,
    pub(super) read: &'a dyn Fn(&Path) -> io::Result<Vec<u8>>,
}

/// Reads the process environment.
pub(super) fn from_process() -> Result<ConnectOptions, ConnectError> {
    resolve(&Sources {
        variable: &|name| std::env::var(name).ok().filter(|value| !value.is_empty()),
        variables: &|prefix| {
            std::env::vars().filter(|(name, _)| name.starts_with(prefix)).collect()
        },
        read: &|path| std::fs::read(path),
    })
}

pub(super) fn resolve(sources: &Sources<'_>) -> Result<ConnectOptions, ConnectError> {
    let profile = profile(sources)?;
    let variable = sources.variable;
    let mut options = ConnectOptions::default();
    if let Some(address) = variable("TEMPORAL_ADDRESS").or(profile.address) {
        options.address = address;
    }
    if let Some(namespace) = variable("TEMPORAL_NAMESPACE").or(profile.namespace) {
        options.namespace = namespace;
    }
    options.api_key = variable("TEMPORAL_API_KEY").or(profile.api_key);
    options.headers = profile.grpc_meta.into_iter().collect();
    for (name, value) in (sources.variables)("TEMPORAL_GRPC_META_") {
        let header = name["TEMPORAL_GRPC_META_".len()..].to_lowercase().replace('_', "-");
        options.headers.retain(|(other, _)| *other != header);
        if !value.is_empty() {
            options.headers.push((header, value));
        }
    }
    apply_tls(sources, profile.tls, &mut options)?;
    Ok(options)
}

fn profile(sources: &Sources<'_>) -> Result<Profile, ConnectError> {
    let named_file = (sources.variable)("TEMPORAL_CONFIG_FILE").map(PathBuf::from);
    let named_profile = (sources.variable)("TEMPORAL_PROFILE");
    let Some(path) = named_file.clone().or_else(|| default_file(sources)) else {
        return Ok(Profile::default());
    };
    let bad = |message: String| ConnectError::Configuration {
        origin: path.display().to_string(),
        message,
    };
    let text = match (sources.read)(&path) {
        Ok(bytes) => String::from_utf8(bytes).map_err(|_| bad("it is not text".into()))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && named_file.is_none() => {
            return match named_profile {
                None => Ok(Profile::default()),
                Some(name) => Err(bad(format!(
                    "TEMPORAL_PROFILE names profile `{name}`, but this file does not exist"
                ))),
            };
        }
        Err(error) => return Err(bad(error.to_string())),
    };
    let file: ConfigFile = toml::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let name = named_profile.as_deref().unwrap_or("default");
    match file.profile.get(name) {
        Some(profile) => Ok(profile.clone()),
        None if named_profile.is_none() => Ok(Profile::default()),
        None => {
            let known: Vec<_> = file.profile.keys().map(String::as_str).collect();
            Err(bad(format!("it has no profile `{name}`; it has {}", known.join(", "))))
        }
    }
}

fn default_file(sources: &Sources<'_>) -> Option<PathBuf> {
    let variable = sources.variable;
    let home = || variable("HOME").map(PathBuf::from);
    let folder = if cfg!(target_os = "macos") {
        home()?.join("Library/Application Support")
    } else if cfg!(windows) {
        PathBuf::from(variable("AppData")?)
    } else {
        variable("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(home()?.join(".config")))?
    };
    Some(folder.join("temporalio").join("temporal.toml"))
}

fn apply_tls(
    sources: &Sources<'_>,
    from_file: Option<Tls>,
    options: &mut ConnectOptions,
) -> Result<(), ConnectError> {
    let variable = sources.variable;
    let mut wanted = from_file.is_some();
    let mut tls = from_file.unwrap_or_default();
    if let Some(value) = flag(sources, "TEMPORAL_TLS")? {
        tls.disabled = Some(!value);
        wanted = true;
    }
    let path = |name: &str| variable(name).map(PathBuf::from);
    let fields = [
        ("SERVER_CA_CERT", &mut tls.server_ca_cert_path, &mut tls.server_ca_cert_data),
        ("CLIENT_CERT", &mut tls.client_cert_path, &mut tls.client_cert_data),
        ("CLIENT_KEY", &mut tls.client_key_path, &mut tls.client_key_data),
    ];
    for (name, from_path, from_data) in fields {
        // Either form in the environment replaces both forms in the file.
        let new_path = path(&format!("TEMPORAL_TLS_{name}_PATH"));
        let new_data = variable(&format!("TEMPORAL_TLS_{name}_DATA"));
        if new_path.is_some() || new_data.is_some() {
            (*from_path, *from_data) = (new_path, new_data);
            wanted = true;
        }
    }
    if let Some(name) = variable("TEMPORAL_TLS_SERVER_NAME") {
        tls.server_name = Some(name);
        wanted = true;
    }
    if let Some(value) = flag(sources, "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION")? {
        tls.disable_host_verification = Some(value);
    }
    if tls.disable_host_verification == Some(true) {
        return Err(ConnectError::Configuration {
            origin: "disable_host_verification".into(),
            message: "not supported: give the server's certificate authority instead".into(),
        });
    }
    if tls.disabled == Some(true) {
        if !options.address.contains("://") {
            options.address = format!("http://{}", options.address);
        }
        return Ok(());
    }
    if wanted {
        options.tls = Some(TlsOptions {
            server_name: tls.server_name,
            server_ca: pem(sources, tls.server_ca_cert_path, tls.server_ca_cert_data)?,
            client_cert: pem(sources, tls.client_cert_path, tls.client_cert_data)?,
            client_key: pem(sources, tls.client_key_path, tls.client_key_data)?,
        });
    }
    Ok(())
}

fn flag(sources: &Sources<'_>, name: &str) -> Result<Option<bool>, ConnectError> {
    match (sources.variable)(name).map(|value| value.to_lowercase()).as_deref() {
        None => Ok(None),
        Some("true" | "1" | "yes" | "on") => Ok(Some(true)),
        Some("false" | "0" | "no" | "off") => Ok(Some(false)),
        Some(other) => Err(ConnectError::Configuration {
            origin: name.into(),
            message: format!("`{other}` is neither true nor false"),
        }),
    }
}

fn pem(
    sources: &Sources<'_>,
    path: Option<PathBuf>,
    data: Option<String>,
) -> Result<Option<Vec<u8>>, ConnectError> {
    if let Some(data) = data {
        return Ok(Some(data.into_bytes()));
    }
    let Some(path) = path else { return Ok(None) };
    (sources.read)(&path).map(Some).map_err(|error| ConnectError::Configuration {
        origin: path.display().to_string(),
        message: error.to_string(),
    })
}

#[cfg(test)]
mod tests;
