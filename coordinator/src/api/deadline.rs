//! How long a request may wait: what the client allows, and what the server is ready for.

use std::time::Duration;

use tokio::time::Instant;
use tonic::{Request, Status};

/// How long a poll for tasks waits at most (semantics rule 120).
pub(super) const POLL: Duration = Duration::from_secs(60);
/// How long a request for history events waits at most (semantics rule 116).
pub(super) const HISTORY: Duration = Duration::from_secs(20);
/// How long a query waits if the client sets no deadline.
pub(super) const QUERY: Duration = Duration::from_secs(30);
/// Time kept back so that an empty answer reaches the client before it gives up.
const MARGIN: Duration = Duration::from_secs(1);
/// A poll that can wait less than this is refused: its client would only spin.
const SHORTEST_POLL: Duration = Duration::from_secs(2);

/// When a request that may wait `longest` has to be answered.
pub(super) fn of<T>(request: &Request<T>, longest: Duration) -> Instant {
    Instant::now() + budget(request, longest)
}

/// How long a request that may wait `longest` can be kept waiting.
fn budget<T>(request: &Request<T>, longest: Duration) -> Duration {
    let allowed = client_timeout(request).map(|timeout| timeout.saturating_sub(MARGIN));
    allowed.map_or(longest, |allowed| allowed.min(longest))
}

/// The same for a poll for tasks.
pub(super) fn of_poll<T>(request: &Request<T>) -> Result<Instant, Status> {
    if client_timeout(request).is_some_and(|timeout| timeout < SHORTEST_POLL) {
        return Err(Status::failed_precondition("Context timeout is too short."));
    }
    Ok(of(request, POLL))
}

/// What the client states in `grpc-timeout`: at most eight digits and a unit.
fn client_timeout<T>(request: &Request<T>) -> Option<Duration> {
    let text = request.metadata().get("grpc-timeout")?.to_str().ok()?;
    let unit = text.chars().next_back()?;
    let number: u32 = text.strip_suffix(unit)?.parse().ok()?;
    let number = u64::from(number);
    match unit {
        'H' => Some(Duration::from_secs(number * 3600)),
        'M' => Some(Duration::from_secs(number * 60)),
        'S' => Some(Duration::from_secs(number)),
        'm' => Some(Duration::from_millis(number)),
        'u' => Some(Duration::from_micros(number)),
        'n' => Some(Duration::from_nanos(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(timeout: &'static str) -> Request<()> {
        let mut request = Request::new(());
        request.metadata_mut().insert("grpc-timeout", timeout.parse().expect("ascii"));
        request
    }

    #[test]
    fn grpc_timeouts_are_read_in_every_unit() {
        let table = [
            ("2H", Some(7_200_000)),
            ("3M", Some(180_000)),
            ("70S", Some(70_000)),
            ("1500m", Some(1500)),
            ("2000000u", Some(2000)),
            ("5000000n", Some(5)),
            ("5", None),
            ("xS", None),
        ];
        for (text, millis) in table {
            assert_eq!(client_timeout(&request(text)), millis.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn a_poll_that_cannot_wait_is_refused() {
        let refused = of_poll(&request("1S")).expect_err("too short");
        assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
        assert!(of_poll(&request("2S")).is_ok());
    }

    #[test]
    fn an_answer_leaves_before_the_client_gives_up() {
        assert_eq!(budget(&request("10S"), POLL), Duration::from_secs(9));
        assert_eq!(budget(&request("100S"), POLL), POLL);
        assert_eq!(budget(&request("5m"), HISTORY), Duration::ZERO);
        assert_eq!(budget(&Request::new(()), HISTORY), HISTORY);
    }
}
