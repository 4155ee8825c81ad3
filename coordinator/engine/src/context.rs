//! What a decision may know of the outside: time, randomness and the namespaces, all as data.

use std::{cell::Cell, collections::BTreeMap};

use crate::{limits::Limits, time::Time};

/// The outside world during one decision.
#[derive(Debug)]
pub struct Context<'a> {
    /// When the command was received. Never earlier than that of the execution's last command.
    pub now: Time,
    /// Where fresh ids come from; the shell draws it at random for each command.
    pub seed: u128,
    /// Limits in force.
    pub limits: &'a Limits,
    /// Ids of the namespaces that exist, by name.
    pub namespaces: &'a BTreeMap<String, String>,
    drawn: Cell<u64>,
}

impl<'a> Context<'a> {
    /// A context for one command.
    #[must_use]
    pub fn new(
        now: Time,
        seed: u128,
        limits: &'a Limits,
        namespaces: &'a BTreeMap<String, String>,
    ) -> Self {
        Context { now, seed, limits, namespaces, drawn: Cell::new(0) }
    }

    /// The next fresh UUID of this decision; equal seeds give equal sequences.
    #[must_use]
    pub fn fresh_id(&self) -> String {
        let nth = self.drawn.get();
        self.drawn.set(nth + 1);
        let low = mix((self.seed as u64) ^ mix(nth));
        let high = mix(((self.seed >> 64) as u64) ^ mix(!nth));
        uuid(high, low)
    }
}

/// A UUID that depends on nothing but its parts: for request ids that must be equal on redelivery.
#[must_use]
pub fn derived_id(run_id: &str, event_id: i64) -> String {
    let fold = |basis: u64| run_id.bytes().fold(basis, |hash, byte| mix(hash ^ u64::from(byte)));
    uuid(fold(mix(event_id as u64)), fold(mix(!event_id as u64)))
}

/// Finaliser of SplitMix64: a well-spread bijection.
fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// Formats as a version 4 UUID.
fn uuid(high: u64, low: u64) -> String {
    let high = (high & !0xf000) | 0x4000;
    let low = (low & !(0b11 << 62)) | (0b10 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}
