use std::task::Waker;

use super::*;

fn poll<T>(scoped: &mut Scoped<T>) -> Poll<Ended<T>> {
    Pin::new(scoped).poll(&mut Context::from_waker(Waker::noop()))
}

/// A wait that a cancellation has ended.
async fn ended_wait() {
    let _wait = EndedWait::new().expect("inside a workflow");
    std::future::pending::<()>().await;
}

fn noting(notes: &Rc<RefCell<Vec<&'static str>>>, note: &'static str) -> Compensation {
    let notes = Rc::clone(notes);
    Box::pin(async move {
        notes.borrow_mut().push(note);
        Ok(())
    })
}

#[test]
fn an_ended_wait_unwinds_the_function() {
    let mut scoped = Scoped::new(ended_wait());
    assert!(matches!(
        poll(&mut scoped),
        Poll::Ready(Ended { result: None, compensations: None, next_run: None })
    ));
}

#[test]
fn an_ended_wait_that_lost_a_race_does_not() {
    let mut scoped = Scoped::new(async {
        crate::select! {
            () = ended_wait() => {}
            () = std::future::ready(()) => {}
        }
        std::future::pending::<()>().await;
    });
    assert!(poll(&mut scoped).is_pending());
}

#[test]
fn nor_while_something_shielded_is_under_way() {
    let (go, gone) = tokio::sync::oneshot::channel::<()>();
    let mut scoped = Scoped::new(async {
        let shielded = async {
            let _shield = InShield::new();
            gone.await.expect("sent below");
        };
        crate::join!(ended_wait(), shielded);
    });
    assert!(poll(&mut scoped).is_pending());
    go.send(()).expect("the function waits");
    assert!(matches!(poll(&mut scoped), Poll::Ready(Ended { result: None, .. })));
}

#[test]
fn a_dropped_saga_compensates_last_first_before_the_end() {
    let notes = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&notes);
    let mut scoped = Scoped::new(async move {
        let mut saga = crate::Saga::new();
        saga.undo(noting(&notes, "hotel"));
        saga.undo(noting(&notes, "flight"));
        Err::<(), _>("no seats")
    });
    let ended = poll(&mut scoped);
    assert!(matches!(ended, Poll::Ready(Ended { result: Some(Err("no seats")), .. })));
    assert_eq!(*seen.borrow(), ["flight", "hotel"]);
}

#[test]
fn a_committed_saga_does_not() {
    let notes = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&notes);
    let mut scoped = Scoped::new(async move {
        let mut saga = crate::Saga::new();
        saga.undo(noting(&notes, "hotel"));
        saga.commit();
    });
    assert!(poll(&mut scoped).is_ready());
    assert!(seen.borrow().is_empty());
}

#[test]
fn compensations_that_fail_are_all_tried_and_all_told() {
    let mut scoped = Scoped::new(async {
        let mut saga = crate::Saga::new();
        saga.undo(async { Err::<(), _>(Error::new("no refund")) });
        saga.undo(async { Err::<(), _>(Error::new("line busy")) });
    });
    let Poll::Ready(Ended { compensations: Some(error), .. }) = poll(&mut scoped) else {
        panic!("the function ends and its compensations fail")
    };
    assert_eq!(error.to_string(), "a compensation failed: line busy; no refund");
}

#[test]
fn outside_of_a_poll_there_is_no_scope() {
    let mut scoped = Scoped::new(std::future::pending::<()>());
    assert!(poll(&mut scoped).is_pending());
    assert!(Scope::current().is_none());
    assert!(EndedWait::new().is_none());
}
