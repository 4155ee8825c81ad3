#![deny(warnings, missing_docs)]
//! Modules of the users own.

use persevere::prelude::*;

mod rand {
    pub fn random() -> u8 {
        4
    }
}

/// Its own `rand`, said so by `self`.
#[workflow]
pub async fn fair() -> Result<u8> {
    use persevere::collections::HashMap;
    let drawn = HashMap::from([("drawn", self::rand::random())]);
    Ok(drawn["drawn"])
}

fn main() {}
