//! Starting a run: what stands in the way, and the first events (semantics rules 1 to 14).
//!
//! Order of the questions: was this very request carried out before; is the latest run open, and
//! what does the conflict policy say; is it closed, and what does the reuse policy say.

mod policy;
pub(crate) mod timeouts;

use persevere_proto::api::{
    common::v1::{Payload, Payloads},
    enums::v1::EventType,
    history::v1::{
        HistoryEvent, WorkflowExecutionOptionsUpdatedEventAttributes,
        WorkflowExecutionStartedEventAttributes, history_event::Attributes,
    },
    workflowservice::v1::StartWorkflowExecutionRequest,
};
use persevere_proto::wkt;

use crate::{
    chain,
    command::{Parent, Signal, Start},
    context::Context,
    key::{QueueName, RunKey},
    properties,
    rejection::Rejection,
    reply::{Reply, StartedReply, WorkflowTaskHandout},
    retry, search_attributes, signal,
    state::{Execution, WorkflowTask},
    terminate,
    time::{duration, span},
    transition::{Draft, Transition, new_event},
    workflow_task,
};
use policy::Verdict;

/// Decides a start, given the latest run of the workflow id, if there is one.
///
/// The transition is that of the run which answers to the workflow id afterwards; a run that it
/// displaces is in its `with`. If nothing is started, it is a transition of `latest`.
///
/// # Errors
/// If the workflow id is taken, or the request breaks a rule.
pub fn start(
    namespace: &str,
    latest: Option<&Execution>,
    start: Start,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let Some(latest) = latest else {
        return Ok(begin(namespace, start, context).into_transition());
    };
    match policy::judge(latest, &start)? {
        Verdict::Repeated => Ok(repeated(latest, context)),
        Verdict::Attached => Ok(found(Draft::of(latest, context), latest, true)),
        Verdict::Signal => signal_found(latest, start, context),
        Verdict::Use => Ok(use_found(latest, start, context)),
        Verdict::Begin => Ok(begin(namespace, start, context).into_transition()),
        Verdict::Displace => {
            let mut begun = begin(namespace, start, context);
            let run_id = begun.draft.execution.key.run_id.clone();
            begun.draft.with(displace(latest, &run_id, context));
            Ok(begun.into_transition())
        }
    }
}

/// A run in the making.
struct Begun<'a> {
    draft: Draft<'a>,
    eager_task: Option<WorkflowTaskHandout>,
}

impl Begun<'_> {
    fn into_transition(self) -> Transition {
        let execution = &self.draft.execution;
        let reply = StartedReply {
            run_id: execution.key.run_id.clone(),
            first_run_id: execution.recorded.started.first_execution_run_id.clone(),
            started: true,
            attached: false,
            running: true,
            eager_task: self.eager_task.map(Box::new),
        };
        self.draft.finish(Reply::Started(reply))
    }
}

/// Writes the first events of a run: it was started, perhaps signalled, and its code is to react,
/// unless that is held back.
fn begin<'a>(namespace: &str, start: Start, context: &'a Context<'a>) -> Begun<'a> {
    let Start { request, signal, parent } = start;
    let mut request = *request;
    let run_id = context.fresh_id();
    let workflow_id = request.workflow_id.clone();
    let key = RunKey { namespace: namespace.to_owned(), workflow_id, run_id };
    let request_id = request.request_id.clone();
    let identity = request.identity.clone();
    let is_child = parent.is_some();
    let backoff = span(request.workflow_start_delay.as_ref());
    let eager = request.request_eager_execution && backoff.is_none() && !is_child;

    let links = std::mem::take(&mut request.links);
    let user_metadata = request.user_metadata.take();
    let attributes = started(&key, request, parent, eager, context);
    let attributes = Attributes::WorkflowExecutionStartedEventAttributes(attributes);
    let first = HistoryEvent { user_metadata, links, ..new_event(attributes, context) };
    let mut draft = Draft::begin_with(key, first, context);
    draft.note_request(&request_id, 1, EventType::WorkflowExecutionStarted);
    chain::hold_back(&mut draft, backoff);
    if is_child {
        draft.overlay().awaits_parent = true;
    }
    if let Some(request) = signal {
        signal::record(&mut draft, *request, None);
    }
    workflow_task::ensure_scheduled(&mut draft);
    let eager_task = eager.then(|| workflow_task::start_eagerly(&mut draft, request_id, &identity));
    Begun { draft, eager_task }
}

fn started(
    key: &RunKey,
    request: StartWorkflowExecutionRequest,
    parent: Option<Parent>,
    eager: bool,
    context: &Context<'_>,
) -> WorkflowExecutionStartedEventAttributes {
    let timeouts = timeouts::normalise(
        span(request.workflow_execution_timeout.as_ref()),
        span(request.workflow_run_timeout.as_ref()),
        span(request.workflow_task_timeout.as_ref()),
        context.limits,
    );
    let queue = request.task_queue.map(|queue| QueueName::normal(queue.name));
    let mut attributes = WorkflowExecutionStartedEventAttributes {
        workflow_type: request.workflow_type,
        task_queue: queue.as_ref().map(workflow_task::task_queue),
        input: request.input,
        // A zero that the client wrote comes back as a zero; it means none, too.
        workflow_execution_timeout: timeouts
            .execution
            .map(duration)
            .or(zero(request.workflow_execution_timeout)),
        workflow_run_timeout: timeouts.run.map(duration).or(zero(request.workflow_run_timeout)),
        workflow_task_timeout: Some(duration(timeouts.task)),
        continued_failure: request.continued_failure,
        last_completion_result: request.last_completion_result,
        original_execution_run_id: key.run_id.clone(),
        identity: request.identity,
        first_execution_run_id: key.run_id.clone(),
        retry_policy: request.retry_policy.as_ref().map(retry::with_defaults),
        attempt: 1,
        workflow_execution_expiration_time: timeouts
            .execution
            .map(|timeout| context.now.plus(timeout).into()),
        first_workflow_task_backoff: Some(request.workflow_start_delay.unwrap_or_default()),
        memo: properties::given(request.memo),
        search_attributes: request
            .search_attributes
            .filter(|attributes| !attributes.indexed_fields.is_empty())
            .map(search_attributes::typed),
        header: request.header,
        workflow_id: key.workflow_id.clone(),
        completion_callbacks: request.completion_callbacks,
        versioning_override: request.versioning_override,
        priority: request.priority,
        eager_execution_accepted: eager,
        ..Default::default()
    };
    if let Some(parent) = parent {
        let namespace_id = context.namespaces.get(&parent.namespace).cloned();
        attributes.parent_workflow_namespace = parent.namespace;
        attributes.parent_workflow_namespace_id = namespace_id.unwrap_or_default();
        attributes.parent_workflow_execution = Some(parent.execution);
        attributes.parent_initiated_event_id = parent.initiated_event_id;
        attributes.root_workflow_execution = Some(parent.root);
    }
    attributes
}

fn zero(timeout: Option<wkt::Duration>) -> Option<wkt::Duration> {
    timeout.map(|_| wkt::Duration::default())
}

/// The request that started `latest` came again (semantics rule 4). Its first task is handed out
/// again if it went with the first reply and nothing has happened since.
fn repeated(latest: &Execution, context: &Context<'_>) -> Transition {
    let mut draft = Draft::of(latest, context);
    let first = match &latest.overlay.workflow_task {
        WorkflowTask::Started(task) => task.scheduled.attempt == 1 && task.started_event_id <= 4,
        WorkflowTask::Scheduled(_) | WorkflowTask::None => false,
    };
    let eager = latest.recorded.started.eager_execution_accepted;
    let again = first && eager && latest.recorded.previous_started_event_id == 0;
    let eager_task = again.then(|| Box::new(workflow_task::handout(&mut draft)));
    let reply = StartedReply { started: true, eager_task, ..reply(latest) };
    draft.finish(Reply::Started(reply))
}

/// Answers with the run that is there, without starting one.
fn found(draft: Draft<'_>, latest: &Execution, attached: bool) -> Transition {
    draft.finish(Reply::Started(StartedReply { attached, ..reply(latest) }))
}

fn reply(latest: &Execution) -> StartedReply {
    StartedReply {
        run_id: latest.key.run_id.clone(),
        first_run_id: latest.recorded.started.first_execution_run_id.clone(),
        started: false,
        attached: false,
        running: latest.is_running(),
        eager_task: None,
    }
}

/// Signal with start of an open run is a signal (semantics rule 14).
fn signal_found(
    latest: &Execution,
    start: Start,
    context: &Context<'_>,
) -> Result<Transition, Rejection> {
    let request = start.signal.expect("judged as a signal because it has one");
    let signalled = signal::receive(latest, Signal { request, sender: None }, context)?;
    Ok(Transition { reply: Reply::Started(reply(latest)), ..signalled })
}

/// The open run is used; the request attaches to it if it wants to (semantics rule 10).
fn use_found(latest: &Execution, start: Start, context: &Context<'_>) -> Transition {
    let mut draft = Draft::of(latest, context);
    let request = *start.request;
    let Some(options) = request.on_conflict_options else { return found(draft, latest, false) };
    let attached_request_id =
        if options.attach_request_id { request.request_id.clone() } else { String::new() };
    let attached_completion_callbacks =
        if options.attach_completion_callbacks { request.completion_callbacks } else { Vec::new() };
    let links = if options.attach_links { request.links } else { Vec::new() };
    if attached_request_id.is_empty()
        && attached_completion_callbacks.is_empty()
        && links.is_empty()
    {
        return found(draft, latest, false);
    }
    let attributes = WorkflowExecutionOptionsUpdatedEventAttributes {
        attached_request_id: attached_request_id.clone(),
        attached_completion_callbacks,
        ..Default::default()
    };
    let attributes = Attributes::WorkflowExecutionOptionsUpdatedEventAttributes(attributes);
    let event = HistoryEvent { links, worker_may_ignore: true, ..new_event(attributes, context) };
    // Attached while a workflow task is started, the event gets its id later; the request is known
    // by then through the id it will have, so that repeating it meanwhile attaches once.
    let event_id = draft.record_or_buffer_event(event).unwrap_or_default();
    let kind = EventType::WorkflowExecutionOptionsUpdated;
    draft.note_request(&attached_request_id, event_id, kind);
    found(draft, latest, !attached_request_id.is_empty())
}

/// Terminates the run in the way, in the commit that starts `run_id` (semantics rule 6).
fn displace(latest: &Execution, run_id: &str, context: &Context<'_>) -> Transition {
    let text = format!("\"terminated by new runID: {run_id}\"");
    let payload = Payload {
        metadata: [("encoding".to_owned(), b"json/plain".to_vec())].into(),
        data: text.into_bytes(),
        ..Payload::default()
    };
    let mut draft = Draft::of(latest, context);
    let details = Payloads { payloads: vec![payload] };
    terminate::by_server(&mut draft, "TerminateIfRunning WorkflowIdReusePolicy", Some(details));
    draft.finish(Reply::Done)
}
