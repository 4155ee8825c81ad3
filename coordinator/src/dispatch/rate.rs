//! How fast a queue may go, and how fast it goes.

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket that holds one second's worth (semantics rule 81).
#[derive(Debug)]
pub(super) struct Limit {
    per_second: f64,
    tokens: f64,
    filled: Instant,
}

/// How long a queue that may hand out nothing waits before it looks again.
const CLOSED: Duration = Duration::from_secs(1);

impl Limit {
    pub(super) fn new(per_second: f64, now: Instant) -> Self {
        Limit { per_second, tokens: per_second.clamp(0.0, 1.0), filled: now }
    }

    /// The last poller wins.
    pub(super) fn set(&mut self, per_second: f64) {
        self.per_second = per_second;
        self.tokens = self.tokens.min(self.burst());
    }

    /// Takes a token, or says how long it takes until there is one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        let passed = now.saturating_duration_since(self.filled).as_secs_f64();
        self.tokens = (self.tokens + passed * self.per_second).min(self.burst());
        self.filled = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let wait = (1.0 - self.tokens) / self.per_second;
        Err(Duration::try_from_secs_f64(wait).map_or(CLOSED, |wait| wait.min(CLOSED)))
    }

    fn burst(&self) -> f64 {
        self.per_second.max(1.0)
    }
}

const WINDOW_SECONDS: u64 = 30;

/// Counts what happened in each of the last 30 seconds.
#[derive(Debug)]
pub(super) struct Rate {
    begin: Instant,
    /// Which second, and how often.
    seconds: [(u64, u32); WINDOW_SECONDS as usize],
}

impl Rate {
    pub(super) fn new(now: Instant) -> Self {
        Rate { begin: now, seconds: [(0, 0); WINDOW_SECONDS as usize] }
    }

    pub(super) fn count(&mut self, now: Instant) {
        let second = self.second(now);
        let slot = &mut self.seconds[(second % WINDOW_SECONDS) as usize];
        if slot.0 != second {
            *slot = (second, 0);
        }
        slot.1 += 1;
    }

    pub(super) fn per_second(&self, now: Instant) -> f64 {
        let oldest = self.second(now).saturating_sub(WINDOW_SECONDS - 1);
        let counted = self.seconds.iter().filter(|(second, _)| *second >= oldest);
        f64::from(counted.map(|(_, count)| *count).sum::<u32>()) / WINDOW_SECONDS as f64
    }

    fn second(&self, now: Instant) -> u64 {
        now.saturating_duration_since(self.begin).as_secs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_lets_a_burst_through_and_then_one_token_at_a_time() {
        let start = Instant::now();
        let mut limit = Limit::new(4.0, start);
        assert_eq!(limit.take(start), Ok(()));
        assert_eq!(limit.take(start), Err(Duration::from_millis(250)));
        let later = start + Duration::from_secs(10);
        for _ in 0..4 {
            assert_eq!(limit.take(later), Ok(()));
        }
        assert!(limit.take(later).is_err());
    }

    #[test]
    fn a_limit_of_nothing_lets_nothing_through() {
        let start = Instant::now();
        let mut limit = Limit::new(0.0, start);
        assert_eq!(limit.take(start + Duration::from_secs(100)), Err(CLOSED));
    }

    #[test]
    fn a_rate_forgets_what_is_older_than_its_window() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        (0..60).for_each(|_| rate.count(start));
        assert_eq!(rate.per_second(start + Duration::from_secs(29)), 2.0);
        assert_eq!(rate.per_second(start + Duration::from_secs(30)), 0.0);
    }
}
