//! What a shard does for one run: decide, take the transition into memory, submit, answer.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use persevere_engine::{
    Command, Context, Durability, Rejection, Reply, RunKey, Terminate, Transition,
};
use persevere_proto::api::workflowservice::v1::TerminateWorkflowExecutionRequest;

use super::{
    Shard,
    message::{Message, RawAnswer, Request, Respond, What, WorkflowKey},
    run::{Run, Waiter},
    shared::{Errand, Shared},
    warm::Latest,
};
use crate::{CallError, store::Writes};

/// How long a deadline rests if a tick did not deal with it: a defect, but not a busy loop.
const UNANSWERED_TICK: Duration = Duration::from_secs(1);

/// What leaves the shard once a transition is on disk.
#[derive(Debug, Default)]
struct Outgoing {
    errands: Vec<(Arc<RunKey>, Vec<Errand>)>,
    waiters: Vec<Waiter>,
}

impl Outgoing {
    fn leave(self, shared: &Arc<Shared>) {
        for (run, errands) in self.errands {
            errands.into_iter().for_each(|errand| shared.run_errand(&run, errand));
        }
        for waiter in self.waiters {
            // Its caller may have gone away.
            let _ = waiter.send(Ok(()));
        }
    }
}

impl Shard {
    /// Does something for a run in memory, or for a workflow (or run) that does not exist.
    pub(super) fn act(&mut self, key: &WorkflowKey, run_id: Option<String>, what: What) {
        match (run_id, what) {
            (run_id, What::Start(start, respond)) => {
                let workflow = self.warm.entry(key);
                let latest = run_id.and_then(|id| workflow.runs.get(&id));
                let latest = latest.map(|run| run.execution.clone());
                let decided = self.decide(|context| {
                    persevere_engine::start(&key.namespace, latest.as_deref(), *start, context)
                });
                self.conclude(key, latest.map(|it| it.key.run_id.clone()), decided, respond);
            }
            (Some(run_id), What::Command(command, respond)) => {
                self.command(key, run_id, *command, respond);
            }
            (Some(run_id), What::Outcome(number, answer)) => {
                let Some(run) = self.warm_run(key, &run_id) else { return };
                if run.execution.overlay.outbox.contains_key(&number) {
                    let outcome = run.execution.outcome(number, answer.as_ref());
                    let command = Command::Outcome(number, outcome);
                    self.command(key, run_id, command, Respond::Nobody);
                }
            }
            (Some(run_id), What::Wake) => self.wake(key, run_id),
            (Some(run_id), What::Recover(_permit)) => {
                let Some(run) = self.warm_run(key, &run_id) else { return };
                let (fence, run, errands) = (run.submitted, run.key.clone(), run.owed());
                let shared = self.shared.clone();
                let outgoing = Outgoing { errands: vec![(run, errands)], waiters: Vec::new() };
                self.behind(fence, Box::new(move || outgoing.leave(&shared)));
            }
            (Some(run_id), what @ (What::View(_) | What::History(_) | What::Wait(..))) => {
                self.show(key, &run_id, what);
            }
            (Some(run_id), What::Delete(caller)) => self.delete(key, run_id, caller),
            (None, what) => what.refuse(CallError::Rejected(not_found(key, None))),
        }
    }

    /// Does something about a workflow or a run that does not exist: only a start can be done.
    pub(super) fn absent(&mut self, key: &WorkflowKey, request: Request) {
        match request.what {
            start @ What::Start(..) => self.act(key, None, start),
            what => {
                let rejection = not_found(key, request.run_id.as_deref());
                what.refuse(CallError::Rejected(rejection));
            }
        }
    }

    fn warm_run(&mut self, key: &WorkflowKey, run_id: &str) -> Option<&mut Run> {
        self.warm.get_mut(key)?.runs.get_mut(run_id)
    }

    fn command(&mut self, key: &WorkflowKey, run_id: String, command: Command, respond: Respond) {
        let Some(run) = self.warm_run(key, &run_id) else { return };
        let execution = run.execution.clone();
        let decided = self.decide(|context| persevere_engine::decide(&execution, command, context));
        self.conclude(key, Some(run_id), decided, respond);
    }

    /// Lets the engine decide. A panic is a defect of ours, but the state was not touched: only
    /// this request suffers.
    fn decide(
        &self,
        decide: impl FnOnce(&Context<'_>) -> Result<Transition, Rejection>,
    ) -> Result<Transition, CallError> {
        let shared = &self.shared;
        let namespaces = shared.namespaces.ids();
        let now = shared.clock.now();
        let context = Context::new(now, fastrand::u128(..), &shared.limits, &namespaces);
        match catch_unwind(AssertUnwindSafe(|| decide(&context))) {
            Ok(decided) => decided.map_err(CallError::Rejected),
            Err(panic) => {
                let what = panic
                    .downcast_ref::<String>()
                    .map(String::as_str)
                    .or_else(|| panic.downcast_ref::<&str>().copied())
                    .unwrap_or("it gave no reason");
                Err(CallError::Defect(what.to_owned()))
            }
        }
    }

    fn conclude(
        &mut self,
        key: &WorkflowKey,
        run_id: Option<String>,
        decided: Result<Transition, CallError>,
        respond: Respond,
    ) {
        match decided {
            Ok(transition) => self.carry_out(key, transition, respond),
            Err(error) => {
                if let CallError::Defect(problem) = &error {
                    tracing::error!(workflow_id = key.workflow_id, problem, "the engine panicked");
                }
                // The refusal may tell of something that is not on disk yet.
                let run = run_id.and_then(|id| self.warm_run(key, &id).map(|run| run.submitted));
                self.behind(run.unwrap_or(0), Box::new(move || respond.send(Err(error))));
            }
        }
    }

    /// Takes a transition into memory, submits it unless it may wait, and answers behind it.
    fn carry_out(&mut self, key: &WorkflowKey, mut transition: Transition, respond: Respond) {
        let with = std::mem::take(&mut transition.with);
        let reply = std::mem::replace(&mut transition.reply, Reply::Done);
        let answering = transition.next.key.run_id.clone();
        let mut commit = !with.is_empty() || transition.durability == Durability::Commit;
        let mut outgoing = Outgoing::default();
        let mut touched = Vec::with_capacity(1 + with.len());
        for transition in std::iter::once(transition).chain(with) {
            let run_id = transition.next.key.run_id.clone();
            let run = self.take_in(key, transition, &mut outgoing);
            commit |= run.is_unsaved() && run.is_watched();
            outgoing.waiters.extend(run.satisfied());
            self.watch(key, &run_id);
            touched.push(run_id);
        }
        let submission = self.submitted + 1;
        let mut writes = Writes::default();
        let mut fence = 0;
        for run_id in &touched {
            let Some(run) = self.warm_run(key, run_id) else { continue };
            if commit {
                run.save(submission, &mut writes);
            }
            fence = fence.max(run.submitted);
        }
        let answer = self.answer(key, &answering, reply);
        let shared = self.shared.clone();
        let release = Box::new(move || {
            respond.send(answer);
            outgoing.leave(&shared);
        });
        if writes.is_empty() {
            self.behind(fence, release);
        } else {
            self.submit(writes, release);
        }
        touched.iter().for_each(|run_id| self.remove_if_asked(key, run_id));
    }

    /// Takes the transition of one run into memory; the run may be new.
    fn take_in(
        &mut self,
        key: &WorkflowKey,
        transition: Transition,
        outgoing: &mut Outgoing,
    ) -> &mut Run {
        let run_id = transition.next.key.run_id.clone();
        let workflow = self.warm.entry(key);
        let (run, notices) = if workflow.runs.contains_key(&run_id) {
            let run = workflow.runs.get_mut(&run_id).expect("just looked");
            let notices = run.advance(transition);
            (run, notices)
        } else {
            let (run, notices) = Run::begin(self.shared.next_id(), transition);
            self.by_id.insert(run.id, run.key.clone());
            workflow.latest = Latest::Run(run_id.clone());
            (workflow.runs.entry(run_id).or_insert(run), notices)
        };
        outgoing.errands.push((run.key.clone(), run.errands(notices)));
        run
    }

    fn answer(
        &mut self,
        key: &WorkflowKey,
        run_id: &str,
        reply: Reply,
    ) -> Result<RawAnswer, CallError> {
        if let Reply::Refused(rejection) = reply {
            return Err(CallError::Rejected(rejection));
        }
        let hands_out = match &reply {
            Reply::WorkflowTask(_) => true,
            Reply::WorkflowTaskCompleted(completed) => completed.workflow_task.is_some(),
            Reply::Started(started) => started.eager_task.is_some(),
            _ => false,
        };
        let run = self.warm_run(key, run_id).expect("a run that took a transition is in memory");
        Ok(RawAnswer {
            run: run.key.clone(),
            workflow_type: run.workflow_type(),
            reply,
            history: hands_out.then(|| run.history()),
        })
    }

    /// Watches the deadline that a run has now, and tells a virtual clock who is busy with it.
    pub(super) fn watch(&mut self, key: &WorkflowKey, run_id: &str) {
        let is_virtual = self.shared.clock.is_virtual();
        let Some(run) = self.warm.get_mut(key).and_then(|it| it.runs.get_mut(run_id)) else {
            return;
        };
        let deadline = run.execution.next_deadline();
        if deadline != run.deadline {
            if let Some(before) = run.deadline {
                self.deadlines.forget(before, run.id);
            }
            if let Some(deadline) = deadline {
                self.deadlines.watch(deadline, run.id);
            }
            run.deadline = deadline;
        }
        if is_virtual {
            let busy = run.work();
            self.shared.clock.change_busy(&run.busy, &busy);
            run.busy = busy;
        }
    }

    /// Ticks a run whose deadline has passed.
    fn wake(&mut self, key: &WorkflowKey, run_id: String) {
        let now = self.shared.clock.now();
        let Some(run) = self.warm_run(key, &run_id) else { return };
        // It was taken out of the watched ones; whatever the tick leaves is watched again.
        run.deadline = None;
        if run.execution.next_deadline().is_none_or(|deadline| deadline > now) {
            return self.watch(key, &run_id);
        }
        self.command(key, run_id.clone(), Command::Tick, Respond::Nobody);
        let Some(run) = self.warm_run(key, &run_id) else { return };
        let Some(left) = run.execution.next_deadline().filter(|deadline| *deadline <= now) else {
            return self.watch(key, &run_id);
        };
        tracing::error!(run_id, ?left, "a deadline passed and nothing happened");
        let (id, later) = (run.id, now.plus(UNANSWERED_TICK));
        if let Some(watched) = run.deadline.replace(later) {
            self.deadlines.forget(watched, id);
        }
        self.deadlines.watch(later, id);
    }

    /// Shows a run, as it is on disk.
    fn show(&mut self, key: &WorkflowKey, run_id: &str, what: What) {
        let Some(run) = self.warm_run(key, run_id) else { return };
        let release: crate::journal::Release = match what {
            What::View(caller) => {
                let view = run.view();
                Box::new(move || drop(caller.send(Ok(view))))
            }
            What::History(caller) => {
                let history = run.history();
                Box::new(move || drop(caller.send(Ok(history))))
            }
            What::Wait(until, caller) if run.has(until) => {
                Box::new(move || drop(caller.send(Ok(()))))
            }
            What::Wait(until, caller) => return run.wait(until, caller),
            _ => return,
        };
        let fence = run.submitted;
        if run.is_unsaved() {
            self.save(key);
            let fence = self.submitted;
            self.behind(fence, release);
        } else {
            self.behind(fence, release);
        }
    }

    /// Removes a run: an open one is terminated first, and one that owes messages delivers them
    /// first (semantics rule 114).
    fn delete(&mut self, key: &WorkflowKey, run_id: String, caller: Waiter) {
        let Some(run) = self.warm_run(key, &run_id) else { return };
        run.deleting = Some(caller);
        if run.execution.is_running() {
            let request = TerminateWorkflowExecutionRequest {
                namespace: key.namespace.clone(),
                workflow_execution: Some(run.key.execution()),
                reason: "deleted by request".into(),
                ..TerminateWorkflowExecutionRequest::default()
            };
            let terminate = Terminate { request: Box::new(request), parent: None };
            self.command(key, run_id, Command::Terminate(terminate), Respond::Nobody);
        } else {
            self.remove_if_asked(key, &run_id);
        }
    }

    /// Removes the rows of a run that is to be deleted and owes nothing. Requests for its workflow
    /// wait until they are gone.
    fn remove_if_asked(&mut self, key: &WorkflowKey, run_id: &str) {
        let Some(workflow) = self.warm.get_mut(key) else { return };
        let Some(run) = workflow.runs.get_mut(run_id) else { return };
        if run.deleting.is_none() || run.execution.is_running() || run.execution.has_obligations() {
            return;
        }
        let Some(mut run) = workflow.runs.remove(run_id) else { return };
        workflow.parked.get_or_insert_default();
        self.by_id.remove(&run.id);
        if let Some(deadline) = run.deadline {
            self.deadlines.forget(deadline, run.id);
        }
        let caller = run.deleting.take();
        let writes = Writes { removed: vec![run.id], ..Writes::default() };
        let (shared, key, index) = (self.shared.clone(), key.clone(), self.index);
        let release = Box::new(move || {
            if let Some(caller) = caller {
                let _ = caller.send(Ok(()));
            }
            // A shard that is gone needs nothing any more.
            let _ = shared.shards[index].send(Message::Removed(key));
        });
        self.submit(writes, release);
    }
}

/// What a caller hears of a workflow or a run that does not exist.
fn not_found(key: &WorkflowKey, run_id: Option<&str>) -> Rejection {
    let id = &key.workflow_id;
    Rejection::NotFound(match run_id {
        None => format!("workflow not found for ID: {id}"),
        Some(run) => {
            format!("workflow execution not found for workflow ID \"{id}\" and run ID \"{run}\"")
        }
    })
}
