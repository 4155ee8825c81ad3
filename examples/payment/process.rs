//! This program's other parts, each in a process of its own that can be killed: it starts itself
//! again with the part's name as first argument.

use std::{
    fs::File,
    io,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

/// A coordinator or a worker. Dropped, it is killed: nothing outlives the demonstration.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a part under a name. It keeps its files in `directory`, and what it prints goes to
    /// a file with its name there.
    pub(crate) fn start(part: &str, name: &str, directory: &Path, port: u16) -> io::Result<Self> {
        let log = File::create(log_of(name, directory))?;
        let child = Command::new(std::env::current_exe()?)
            .args([part, name])
            .arg(directory)
            .arg(port.to_string())
            .stdin(Stdio::piped()) // closes when this process ends, however it ends
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self { child })
    }

    /// SIGKILL: it cannot finish, flush or say goodbye.
    pub(crate) fn kill(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What the part of that name has printed.
pub(crate) fn log_of(name: &str, directory: &Path) -> std::path::PathBuf {
    directory.join(name.replace(' ', "-") + ".log")
}

/// Ends a part as soon as the process that started it has gone.
pub(crate) fn end_with_parent() {
    std::thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
}

/// A port on which nothing listens. Below the range that systems draw the local ends of
/// connections from, because the second coordinator must find it free again.
pub(crate) fn free_port() -> u16 {
    let seed = std::process::id();
    (0..10_000)
        .map(|n| 15_000 + u16::try_from((seed + n) % 15_000).expect("below 15 000"))
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one of ten thousand ports is free")
}
