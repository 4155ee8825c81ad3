//! The same settings from environment variables and from a profile of a temporal.toml.
//!
//! A process has one environment, so each case is the same test again in a child process, with
//! variables of its own: there it is the client.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use persevere::Client;
use tempfile::TempDir;

use crate::{authority::Authority, gate::Gate, run_a_workflow};

/// Says to the child which it is.
const CHILD: &str = "PERSEVERE_TEST_CHILD";

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

async fn connect_as_the_environment_says() {
    run_a_workflow(&Client::connect_env().await.unwrap()).await;
}

/// Runs a test as a child with these variables and no others of the protocol; what it says if it
/// fails.
async fn connect_with(
    test: &'static str,
    variables: Vec<(&'static str, String)>,
) -> Result<(), String> {
    let mut child = Command::new(std::env::current_exe().unwrap());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TEMPORAL_")) {
        child.env_remove(name);
    }
    // Where no profile of whoever runs the tests is found.
    child.env("XDG_CONFIG_HOME", "/nonexistent").env("HOME", "/nonexistent");
    child.env(CHILD, "1").envs(variables).stdout(Stdio::piped()).stderr(Stdio::piped());
    child.args(["--exact", &format!("environment::{test}"), "--nocapture"]);
    let ended = tokio::task::spawn_blocking(move || child.output().unwrap()).await.unwrap();
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr)
    );
    if ended.status.success() && said.contains("1 passed") { Ok(()) } else { Err(said) }
}

/// A server that demands a certificate under a name that is not its address, and the files of a
/// client of it.
struct Scene {
    gate: Gate,
    folder: TempDir,
}

impl Scene {
    async fn set() -> Self {
        let authority = Authority::new("ours");
        let server = authority.server("coordinator.internal");
        let gate = Gate::for_members(&server, &authority.cert()).await;
        let folder = tempfile::tempdir().unwrap();
        let client = authority.client();
        let files =
            [("ca.pem", authority.cert()), ("client.pem", client.cert), ("client.key", client.key)];
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        Self { gate, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// The key of each call so far.
    fn keys(&self) -> Vec<String> {
        let keys = self.gate.seen().into_iter().map(|(_, headers)| {
            headers.get("authorization").map(|key| key.to_str().unwrap().to_owned())
        });
        keys.map(Option::unwrap_or_default).collect()
    }
}

fn shown(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn variables_reach_the_handshake() {
    if is_child() {
        return connect_as_the_environment_says().await;
    }
    let test = "variables_reach_the_handshake";
    let scene = Scene::set().await;
    let mut variables = vec![
        ("TEMPORAL_ADDRESS", scene.gate.address()),
        ("TEMPORAL_API_KEY", "from-variable".into()),
        ("TEMPORAL_TLS_SERVER_NAME", "coordinator.internal".into()),
        // Both forms: a file, and the text itself.
        ("TEMPORAL_TLS_SERVER_CA_CERT_PATH", shown(&scene.path("ca.pem"))),
        ("TEMPORAL_TLS_CLIENT_CERT_DATA", scene.text("client.pem")),
        ("TEMPORAL_TLS_CLIENT_KEY_DATA", scene.text("client.key")),
    ];
    connect_with(test, variables.clone()).await.unwrap();
    let keys = scene.keys();
    assert!(keys.len() > 5 && keys.iter().all(|key| key == "Bearer from-variable"), "{keys:?}");

    variables.truncate(4);
    let said = connect_with(test, variables).await.unwrap_err();
    assert!(said.contains("demands a client certificate"), "{said}");
    scene.gate.close().await;
}

#[tokio::test]
async fn a_profile_reaches_the_handshake() {
    if is_child() {
        return connect_as_the_environment_says().await;
    }
    let test = "a_profile_reaches_the_handshake";
    let scene = Scene::set().await;
    let address = scene.gate.address();
    let files = ["ca.pem", "client.pem", "client.key"].map(|name| shown(&scene.path(name)));
    let [ca, cert, key] = files;
    let profile = format!(
        "[profile.ours]\n\
         address = '{address}'\n\
         api_key = 'from-profile'\n\
         [profile.ours.tls]\n\
         server_name = 'coordinator.internal'\n\
         server_ca_cert_path = '{ca}'\n\
         client_cert_path = '{cert}'\n\
         client_key_path = '{key}'\n"
    );
    let file = scene.path("temporal.toml");
    std::fs::write(&file, profile).unwrap();
    let mut variables =
        vec![("TEMPORAL_CONFIG_FILE", shown(&file)), ("TEMPORAL_PROFILE", "ours".to_owned())];
    connect_with(test, variables.clone()).await.unwrap();
    let keys = scene.keys();
    assert!(keys.len() > 5 && keys.iter().all(|key| key == "Bearer from-profile"), "{keys:?}");

    // A variable wins over the profile, in the handshake, too.
    variables.push(("TEMPORAL_TLS_SERVER_NAME", "elsewhere.internal".into()));
    let said = connect_with(test, variables).await.unwrap_err();
    assert!(said.contains("coordinator.internal") && said.contains("server_name"), "{said}");
    scene.gate.close().await;
}
