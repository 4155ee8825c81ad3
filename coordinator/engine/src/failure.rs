//! Failures that the server itself writes, and failures cut to size.

use persevere_proto::api::{
    enums::v1::TimeoutType,
    failure::v1::{
        ApplicationFailureInfo, Failure, ServerFailureInfo, TimeoutFailureInfo,
        failure::FailureInfo,
    },
};
use prost::Message;

/// A failure of the server's own.
pub(crate) fn server_failure(message: &str, non_retryable: bool) -> Failure {
    Failure {
        message: message.to_owned(),
        failure_info: Some(FailureInfo::ServerFailureInfo(ServerFailureInfo { non_retryable })),
        ..Failure::default()
    }
}

/// A timeout that the server noticed.
pub(crate) fn timeout_failure(message: &str, timeout_type: TimeoutType) -> Failure {
    let info =
        TimeoutFailureInfo { timeout_type: timeout_type.into(), last_heartbeat_details: None };
    Failure {
        message: message.to_owned(),
        source: "Server".to_owned(),
        failure_info: Some(FailureInfo::TimeoutFailureInfo(info)),
        ..Failure::default()
    }
}

/// Bytes that are kept of a worker's failure that is too large to store.
const OVERSIZE_FAILURE_KEPT: usize = 512 << 10;

/// A worker's failure as it is stored: cut short if it is above `limit` bytes (rules 49 and 78).
pub(crate) fn bounded(failure: Failure, limit: usize) -> Failure {
    if failure.encoded_len() <= limit {
        return failure;
    }
    oversize_failure(&failure, OVERSIZE_FAILURE_KEPT, true)
}

/// What stands in for a failure that is too large: says so, with as much of it as fits.
pub(crate) fn oversize_failure(failure: &Failure, max: usize, non_retryable: bool) -> Failure {
    Failure {
        cause: Some(Box::new(truncated(failure, max))),
        ..server_failure("Failure exceeds size limit.", non_retryable)
    }
}

/// Causes deeper than this are dropped.
const MAX_DEPTH: u32 = 20;

/// `failure` in about `max` bytes: what matters most is kept first; details, encoded attributes
/// and the kinds of failure that say nothing about retries are dropped. The overheads are the
/// reference's, so that both cut at the same byte.
fn truncated(failure: &Failure, max: usize) -> Failure {
    truncate(failure, &mut Budget(max), MAX_DEPTH)
}

fn truncate(failure: &Failure, budget: &mut Budget, depth: u32) -> Failure {
    const APPLICATION: usize = 8;
    const SERVER: usize = 4;
    const CAUSE: usize = 4;
    let failure_info = match &failure.failure_info {
        Some(FailureInfo::ApplicationFailureInfo(info)) => {
            budget.spend(APPLICATION);
            Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
                r#type: budget.cut(&info.r#type),
                non_retryable: info.non_retryable,
                ..ApplicationFailureInfo::default()
            }))
        }
        Some(FailureInfo::ServerFailureInfo(info)) => {
            budget.spend(SERVER);
            Some(FailureInfo::ServerFailureInfo(*info))
        }
        _ => None,
    };
    let source = budget.cut(&failure.source);
    let message = budget.cut(&failure.message);
    let stack_trace = budget.cut(&failure.stack_trace);
    let cause = failure.cause.as_ref().filter(|_| depth > 0 && budget.0 > CAUSE).map(|cause| {
        budget.spend(CAUSE);
        Box::new(truncate(cause, budget, depth - 1))
    });
    Failure { message, source, stack_trace, cause, failure_info, ..Failure::default() }
}

/// Bytes left.
struct Budget(usize);

impl Budget {
    fn spend(&mut self, bytes: usize) {
        self.0 = self.0.saturating_sub(bytes);
    }

    /// As much of `text` as there is room for; its own overhead counts only afterwards.
    fn cut(&mut self, text: &str) -> String {
        const OVERHEAD: usize = 4;
        if text.is_empty() {
            return String::new();
        }
        let kept = &text[..text.floor_char_boundary(self.0)];
        self.spend(kept.len() + OVERHEAD);
        kept.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn application(kind: &str) -> Option<FailureInfo> {
        Some(FailureInfo::ApplicationFailureInfo(ApplicationFailureInfo {
            r#type: kind.into(),
            ..ApplicationFailureInfo::default()
        }))
    }

    fn failure(message: usize, source: usize, stack: usize, info: Option<FailureInfo>) -> Failure {
        Failure {
            message: "m".repeat(message),
            source: "s".repeat(source),
            stack_trace: "k".repeat(stack),
            failure_info: info,
            ..Failure::default()
        }
    }

    fn caused(failure: Failure, cause: Failure) -> Failure {
        Failure { cause: Some(Box::new(cause)), ..failure }
    }

    /// Lengths of message, source and stack trace, outermost first.
    fn lengths(failure: &Failure) -> Vec<[usize; 3]> {
        std::iter::successors(Some(failure), |it| it.cause.as_deref())
            .map(|it| [it.message.len(), it.source.len(), it.stack_trace.len()])
            .collect()
    }

    /// Lengths as observed of the reference server at its limit of 4096 bytes.
    #[test]
    fn failures_are_cut_where_the_reference_cuts_them() {
        let server = server_failure("", true).failure_info;
        let cases = [
            (failure(5000, 0, 0, application("")), vec![[4088, 0, 0]]),
            (failure(5000, 0, 0, application(&"t".repeat(100))), vec![[3984, 0, 0]]),
            (failure(500, 200, 5000, application("")), vec![[500, 200, 3380]]),
            (
                caused(
                    failure(500, 200, 300, application("")),
                    failure(200, 1, 5000, application("E")),
                ),
                vec![[500, 200, 300], [200, 1, 2850]],
            ),
            (
                caused(failure(500, 0, 300, application("")), failure(5000, 0, 0, server)),
                vec![[500, 0, 300], [3272, 0, 0]],
            ),
            (
                caused(failure(4050, 0, 0, application("")), failure(5000, 0, 0, None)),
                vec![[4050, 0, 0], [30, 0, 0]],
            ),
            (
                caused(
                    failure(500, 0, 0, application("")),
                    caused(failure(5000, 0, 0, None), failure(9, 0, 0, None)),
                ),
                vec![[500, 0, 0], [3580, 0, 0]],
            ),
        ];
        for (whole, expected) in cases {
            assert_eq!(lengths(&truncated(&whole, 4096)), expected);
        }
    }

    #[test]
    fn a_long_chain_of_causes_is_cut_off() {
        let chain =
            (0..25).fold(failure(1, 0, 0, None), |it, _| caused(failure(1, 0, 0, None), it));
        assert_eq!(lengths(&truncated(&chain, 4096)).len(), 21);
    }

    #[test]
    fn text_is_cut_between_characters() {
        let umlauts = Failure { message: "ä".repeat(10), ..Failure::default() };
        assert_eq!(truncated(&umlauts, 5).message, "ää");
    }

    #[test]
    fn whether_to_retry_survives_the_cut() {
        let info = ApplicationFailureInfo { non_retryable: true, ..Default::default() };
        let whole = failure(1, 0, 0, Some(FailureInfo::ApplicationFailureInfo(info.clone())));
        let cut = truncated(&whole, 100);
        assert_eq!(cut.failure_info, Some(FailureInfo::ApplicationFailureInfo(info)));
    }
}
