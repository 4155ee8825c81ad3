//! Tokens that clients hand back: opaque to them, protobuf to us (semantics rules 115 and 122).

use persevere_engine::{ActivityTarget, QueryId, RunKey, Time};
use persevere_proto::state;
use prost::Message;
use tonic::Status;

use super::status::invalid;

/// A workflow task of a run.
pub(super) fn workflow_task(run: &RunKey, token: persevere_engine::WorkflowTaskToken) -> Vec<u8> {
    state::WorkflowTaskToken {
        namespace: run.namespace.clone(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        scheduled_event_id: token.scheduled_event_id,
        started_event_id: token.started_event_id,
        started_time: token.started_time.0,
        attempt: token.attempt,
    }
    .encode_to_vec()
}

/// The run and the task that a worker's answer is about.
pub(super) fn read_workflow_task(
    bytes: &[u8],
    namespace: &str,
) -> Result<(RunKey, persevere_engine::WorkflowTaskToken), Status> {
    let token: state::WorkflowTaskToken = decode_task(bytes)?;
    let run = run(namespace, token.namespace, token.workflow_id, token.run_id)?;
    let task = persevere_engine::WorkflowTaskToken {
        scheduled_event_id: token.scheduled_event_id,
        started_event_id: token.started_event_id,
        started_time: Time(token.started_time),
        attempt: token.attempt,
    };
    Ok((run, task))
}

/// An attempt of an activity.
pub(super) fn activity_task(
    run: &RunKey,
    scheduled_event_id: i64,
    attempt: u32,
    started_time: Time,
) -> Vec<u8> {
    state::ActivityTaskToken {
        namespace: run.namespace.clone(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        scheduled_event_id,
        attempt,
        started_time: started_time.0,
    }
    .encode_to_vec()
}

/// The run and the attempt that a worker's report is about.
pub(super) fn read_activity_task(
    bytes: &[u8],
    namespace: &str,
) -> Result<(RunKey, ActivityTarget), Status> {
    let token: state::ActivityTaskToken = decode_task(bytes)?;
    let run = run(namespace, token.namespace, token.workflow_id, token.run_id)?;
    let target = ActivityTarget::Token {
        scheduled_event_id: token.scheduled_event_id,
        attempt: token.attempt,
        started_time: Time(token.started_time),
    };
    Ok((run, target))
}

/// A query task; it means nothing to another process than `process`.
pub(super) fn query_task(run: &RunKey, id: QueryId, process: u64) -> Vec<u8> {
    state::QueryTaskToken {
        namespace: run.namespace.clone(),
        workflow_id: run.workflow_id.clone(),
        run_id: run.run_id.clone(),
        query_id: id.0,
        process,
    }
    .encode_to_vec()
}

/// The query that a worker's answer is about, and the process that asked it.
pub(super) fn read_query_task(bytes: &[u8], namespace: &str) -> Result<(QueryId, u64), Status> {
    let token: state::QueryTaskToken = decode_task(bytes)?;
    run(namespace, token.namespace, token.workflow_id, token.run_id)?;
    Ok((QueryId(token.query_id), token.process))
}

/// A token of any list; `None` for the first page.
pub(super) fn read_page<T: Message + Default>(bytes: &[u8]) -> Result<Option<T>, Status> {
    if bytes.is_empty() {
        return Ok(None);
    }
    T::decode(bytes).map(Some).map_err(|_| invalid("Invalid NextPageToken."))
}

fn decode_task<T: Message + Default>(bytes: &[u8]) -> Result<T, Status> {
    if bytes.is_empty() {
        return Err(invalid("Task token not set on request."));
    }
    T::decode(bytes).map_err(|_| invalid("Error deserializing task token."))
}

/// The run that a token names. A request may leave its own namespace out.
fn run(
    requested: &str,
    namespace: String,
    workflow_id: String,
    run_id: String,
) -> Result<RunKey, Status> {
    if namespace.is_empty() || workflow_id.is_empty() || run_id.is_empty() {
        return Err(invalid("Error deserializing task token."));
    }
    if !requested.is_empty() && requested != namespace {
        return Err(invalid("Operation requested with a token from a different namespace."));
    }
    Ok(RunKey { namespace, workflow_id, run_id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> RunKey {
        RunKey { namespace: "n".into(), workflow_id: "w".into(), run_id: "r".into() }
    }

    #[test]
    fn tokens_say_what_they_were_made_of() {
        let task = persevere_engine::WorkflowTaskToken {
            scheduled_event_id: 2,
            started_event_id: 3,
            started_time: Time(-4),
            attempt: 5,
        };
        let bytes = workflow_task(&key(), task);
        assert_eq!(read_workflow_task(&bytes, "").expect("reads"), (key(), task));

        let bytes = activity_task(&key(), 5, 2, Time(7));
        let target =
            ActivityTarget::Token { scheduled_event_id: 5, attempt: 2, started_time: Time(7) };
        assert_eq!(read_activity_task(&bytes, "n").expect("reads"), (key(), target));

        let bytes = query_task(&key(), QueryId(u64::MAX), 9);
        assert_eq!(read_query_task(&bytes, "n").expect("reads"), (QueryId(u64::MAX), 9));
    }

    #[test]
    fn absent_malformed_and_foreign_tokens_are_told_apart() {
        let bytes = query_task(&key(), QueryId(1), 1);
        let table = [
            (&b""[..], "n", "Task token not set on request."),
            (&b"junk"[..], "n", "Error deserializing task token."),
            (&b"\x0a\x01n"[..], "n", "Error deserializing task token."),
            (&bytes, "other", "Operation requested with a token from a different namespace."),
        ];
        for (bytes, namespace, message) in table {
            let status = read_query_task(bytes, namespace).expect_err("refused");
            assert_eq!((status.code(), status.message()), (tonic::Code::InvalidArgument, message));
        }
    }
}
