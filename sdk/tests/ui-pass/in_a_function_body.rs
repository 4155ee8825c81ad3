#![deny(warnings, missing_docs)]
//! In a function body.

/// Definitions may stand anywhere.
pub fn inside() {
    use persevere::prelude::*;

    #[activity]
    async fn greet(name: String) -> Result<String> {
        Ok(name)
    }

    #[signal]
    struct Go {
        how: String,
    }

    #[workflow]
    async fn hello() -> Result<String> {
        let Go { how } = receive::<Go>().await;
        Ok(greet(how).await?)
    }

    let _ = hello();
}

fn main() {}
