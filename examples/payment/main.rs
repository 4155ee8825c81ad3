//! A payment that outlives its worker and its coordinator.
//!
//! Run without arguments, this program starts a coordinator and a worker as processes, starts a
//! payment, kills both with SIGKILL right after the charge, starts new ones, and shows what
//! happened. It fails if the customer was charged other than once.
//!
//! `workflow` is what a user writes; `parts` are the processes; `story` is the plot; `evidence` is
//! what it proves.

#![allow(unreachable_pub, reason = "a program's modules, public to each other as a library's are")]

mod diary;
mod evidence;
mod parts;
mod process;
mod screen;
mod story;
mod workflow;

use std::path::{Path, PathBuf};

use persevere::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [] => {
            let directory = tempfile::tempdir()?;
            story::tell(directory.path()).await
        }
        ["--dir", directory] => {
            let directory = PathBuf::from(directory);
            std::fs::create_dir_all(&directory)?;
            story::tell(&directory).await
        }
        [part @ ("coordinator" | "worker"), name, directory, port] => {
            process::end_with_parent();
            let (directory, port) = (Path::new(directory), port.parse()?);
            match part {
                "coordinator" => parts::coordinator(directory, port).await,
                _ => parts::worker(name, directory, port).await,
            }
        }
        _ => bail!("usage: payment [--dir FOLDER], where FOLDER is empty or does not exist"),
    }
}
