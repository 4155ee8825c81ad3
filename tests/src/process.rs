//! A child process that can be killed at any moment, and never outlives the test.

use std::{
    io,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
};

/// The program with the parts that run as processes of their own; integration tests name it as
/// `Cast(env!("CARGO_BIN_EXE_cast"))`.
#[derive(Clone, Copy, Debug)]
pub struct Cast(pub &'static str);

impl Cast {
    /// A command that plays one part: `coordinator` or `worker`.
    #[must_use]
    pub fn part(self, part: &str) -> Command {
        let mut command = Command::new(self.0);
        command.arg(part);
        command
    }
}

/// A running child process. Dropped, it is killed; if the test itself dies without dropping, the
/// child sees its standard input close and ends (the parts of the cast watch for it).
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    /// Starts the command, with its output going to `log`, which is appended to.
    pub fn spawn(mut command: Command, log: &Path) -> io::Result<Self> {
        let log = std::fs::File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log);
        Ok(Self { child: command.spawn()? })
    }

    /// The operating system's number for it.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child of ours can be waited for")
    }

    /// SIGKILL: the process gets no chance to finish anything.
    pub fn kill(mut self) -> ExitStatus {
        self.child.kill().expect("a child of ours can be killed");
        self.child.wait().expect("a child of ours can be waited for")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when the child has ended already, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends the calling process as soon as its parent has gone: to be called first by each part of
/// the cast.
pub fn end_with_parent() {
    std::thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        std::process::exit(0);
    });
}
