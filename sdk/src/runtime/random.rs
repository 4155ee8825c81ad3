//! Randomness that is the same in every replay: SplitMix64, seeded from the run's id.
//!
//! Written out here because its sequence is part of every recorded history (child workflow ids come
//! from it): it must never change, not even with a dependency's next version.

/// A deterministic source of random bits.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    state: u64,
}

impl Random {
    /// The source that belongs to a run id.
    pub(crate) fn from_run_id(run_id: &str) -> Self {
        // FNV-1a: spreads ids that differ in one digit over all 64 bits, in one line.
        let hash = run_id.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self { state: hash }
    }

    pub(crate) fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn uuid4(&mut self) -> uuid::Uuid {
        let (high, low) = (self.next_u64(), self.next_u64());
        let bits = (u128::from(high) << 64) | u128::from(low);
        uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    #[test]
    fn the_sequence_of_a_run_id_never_changes() {
        let mut random = Random::from_run_id("0191b7c2-0000-7000-8000-000000000001");
        let first = (random.next_u64(), random.next_u64());
        let mut again = Random::from_run_id("0191b7c2-0000-7000-8000-000000000001");
        assert_eq!(first, (again.next_u64(), again.next_u64()));
        assert_eq!(Random { state: 0 }.next_u64(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(random.uuid4().get_version_num(), 4);
    }
}
