//! The outcome of a decision, and the draft it is made on.
//!
//! A decision works on a copy: [`Draft::record`] appends an event and folds it at once, so that
//! later steps of the same decision see it. A rejected decision drops its draft, and nothing has
//! happened.

use persevere_proto::api::{
    enums::v1::EventType,
    history::v1::{HistoryEvent, history_event::Attributes},
    sdk::v1::UserMetadata,
};

use crate::{
    buffer,
    context::Context,
    effect::Notice,
    key::{RunKey, Task},
    reply::Reply,
    state::{
        BufferedEvent, Execution, Fleeting, Message, Overlay, Recorded, RequestId, WorkflowTask,
    },
};

/// What a command changes, to be stored as one.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The execution after it. Its overlay is stored with the records.
    pub next: Execution,
    /// New events, in order; they follow the last stored one.
    pub events: Vec<HistoryEvent>,
    /// Request ids carried out by this transition that no event repeats; stored with the events.
    pub requests: Vec<(String, RequestId)>,
    /// How soon it must be on disk.
    pub durability: Durability,
    /// What to do once it is.
    pub notices: Vec<Notice>,
    /// What to tell the caller once it is.
    pub reply: Reply,
    /// Transitions of other runs of the same workflow id, stored in the same commit: the next run
    /// of a chain, or the run that a new one displaced. In the order in which they happen.
    pub with: Vec<Transition>,
}

/// How soon a transition must be on disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Durability {
    /// Nothing to store has changed.
    Nothing,
    /// Losing it in a crash does no harm, so it may wait for the next commit of its execution:
    /// a workflow task's start, which is offered again after a crash.
    Deferred,
    /// Before its reply and its notices leave the process.
    Commit,
}

/// A transition in the making.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    /// The execution as it is after the steps made so far.
    pub(crate) execution: Execution,
    /// Time, limits and fresh ids.
    pub(crate) context: &'a Context<'a>,
    events: Vec<HistoryEvent>,
    requests: Vec<(String, RequestId)>,
    notices: Vec<Notice>,
    with: Vec<Transition>,
    durability: Durability,
    metadata: Option<UserMetadata>,
}

impl<'a> Draft<'a> {
    /// A draft that starts from an existing execution.
    #[must_use]
    pub(crate) fn of(execution: &Execution, context: &'a Context<'a>) -> Self {
        Draft::from(execution.clone(), context, Vec::new())
    }

    /// A draft that starts a run with its first event.
    #[must_use]
    pub(crate) fn begin(key: RunKey, started: Attributes, context: &'a Context<'a>) -> Self {
        Draft::begin_with(key, new_event(started, context), context)
    }

    /// A draft that starts a run with an event that has everything but its id.
    #[must_use]
    pub(crate) fn begin_with(key: RunKey, first: HistoryEvent, context: &'a Context<'a>) -> Self {
        let first = HistoryEvent { event_id: 1, ..first };
        let recorded = Recorded::begin(&first).expect("the first event is made by us, with id 1");
        let execution =
            Execution { key, recorded, overlay: Overlay::default(), fleeting: Fleeting::default() };
        Draft::from(execution, context, vec![first])
    }

    fn from(execution: Execution, context: &'a Context<'a>, events: Vec<HistoryEvent>) -> Self {
        let durability = if events.is_empty() { Durability::Nothing } else { Durability::Commit };
        Draft {
            execution,
            context,
            events,
            requests: Vec::new(),
            notices: Vec::new(),
            with: Vec::new(),
            durability,
            metadata: None,
        }
    }

    /// Appends an event and folds it. Returns its id.
    pub(crate) fn record(&mut self, attributes: Attributes) -> i64 {
        self.record_event(new_event(attributes, self.context))
    }

    /// Appends an event that has everything but its id, which is returned.
    pub(crate) fn record_event(&mut self, mut event: HistoryEvent) -> i64 {
        event.event_id = self.execution.recorded.next_event_id;
        event.user_metadata = event.user_metadata.or_else(|| self.metadata.take());
        self.execution
            .recorded
            .fold(&event)
            .expect("a decision records only events that follow from the state it saw");
        self.durability = Durability::Commit;
        let id = event.event_id;
        self.events.push(event);
        id
    }

    /// Appends an event, or buffers it while a workflow task is started (semantics rule 23).
    /// Returns its id unless it was buffered.
    pub(crate) fn record_or_buffer(&mut self, attributes: Attributes) -> Option<i64> {
        self.record_or_buffer_event(new_event(attributes, self.context))
    }

    /// [`Draft::record_or_buffer`] for an event that has everything but its id.
    pub(crate) fn record_or_buffer_event(&mut self, mut event: HistoryEvent) -> Option<i64> {
        if matches!(self.execution.overlay.workflow_task, WorkflowTask::Started(_)) {
            self.overlay().buffer.push(BufferedEvent { event });
            buffer::enforce_limit(self);
            None
        } else {
            // What it refers to may have been buffered when it was made, and written since.
            buffer::name_started_event(&mut event, &self.execution.recorded);
            Some(self.record_event(event))
        }
    }

    /// The next event gets this summary and these details, unless it has its own: those of the
    /// command that is carried out (semantics rule 53).
    pub(crate) fn describe_next_event(&mut self, metadata: Option<UserMetadata>) {
        self.metadata = metadata;
    }

    /// The overlay, to change: the change will be committed.
    pub(crate) fn overlay(&mut self) -> &mut Overlay {
        self.durability = Durability::Commit;
        &mut self.execution.overlay
    }

    /// Allows the records made so far to wait for the next commit.
    pub(crate) fn defer(&mut self) {
        self.durability = Durability::Deferred;
    }

    /// Remembers a request that no event repeats.
    pub(crate) fn note_request(&mut self, request_id: &str, event_id: i64, event_type: EventType) {
        if !request_id.is_empty() {
            self.execution.recorded.note_request(request_id, event_id, event_type);
            self.requests.push((request_id.to_owned(), RequestId { event_id, event_type }));
        }
    }

    /// Asks the shell for something after the commit.
    pub(crate) fn notice(&mut self, notice: Notice) {
        self.notices.push(notice);
    }

    /// Offers a task to workers.
    pub(crate) fn offer(&mut self, task: Task) {
        self.notice(Notice::Offer(task));
    }

    /// Puts a message to another execution into the outbox.
    pub(crate) fn send(&mut self, message: Message) {
        let overlay = self.overlay();
        let number = overlay.next_message;
        overlay.next_message += 1;
        overlay.outbox.insert(number, message);
        self.notice(Notice::Deliver(number));
    }

    /// Stores another run's transition in the same commit.
    pub(crate) fn with(&mut self, transition: Transition) {
        self.with.push(transition);
    }

    /// The transition that the steps made so far amount to.
    #[must_use]
    pub(crate) fn finish(self, reply: Reply) -> Transition {
        Transition {
            next: self.execution,
            events: self.events,
            requests: self.requests,
            durability: self.durability,
            notices: self.notices,
            reply,
            with: self.with,
        }
    }
}

/// An event of now, without an id.
pub(crate) fn new_event(attributes: Attributes, context: &Context<'_>) -> HistoryEvent {
    HistoryEvent {
        event_time: Some(context.now.into()),
        event_type: attributes.event_type() as i32,
        attributes: Some(attributes),
        ..HistoryEvent::default()
    }
}
