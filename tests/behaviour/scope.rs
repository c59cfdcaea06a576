//! A group whose children borrow.

use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn},
    pin::pin,
    rc::Rc,
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    task::Poll,
};

use futures_lite::future::yield_now;
use selvedge::context::{GroupError, LocalScope, NotStarted, Scope, ZeroLimit, local_scope, scope};

use crate::{
    handle::Drops,
    harness::{Watched, panics},
};

mod endings;
mod memory;

type Texts<'a> = LocalScope<'a, &'static str>;

/// Polls until it is ready; a test that sleeps for ever fails.
#[track_caller]
pub(crate) fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let watched = Watched::new();
    let mut woken = 0;
    loop {
        if let Poll::Ready(output) = watched.poll(future.as_mut()) {
            return output;
        }
        assert!(watched.woken() > woken, "it sleeps for ever");
        woken = watched.woken();
    }
}

pub(crate) fn errors<E: Clone>(error: &GroupError<E>) -> Vec<E> {
    error.errors().cloned().collect()
}

/// Why it was cancelled.
pub(crate) fn why<E>(error: &GroupError<E>) -> Option<String> {
    error.cancelled().map(ToString::to_string)
}

struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        panic!("bad end");
    }
}

/// Semantics 108.
#[test]
fn it_ends_when_all_have_ended() {
    let log = RefCell::new(Vec::new());
    let log = &log;
    let output = finish(local_scope(async |scope: Texts<'_>| {
        let inner = scope.clone();
        scope.spawn(async move {
            yield_now().await;
            inner.spawn(async move {
                yield_now().await;
                log.borrow_mut().push("grandchild");
                Ok(())
            });
            log.borrow_mut().push("child");
            Ok(())
        });
        log.borrow_mut().push("body");
        Ok(7)
    }));
    assert_eq!(output.unwrap(), 7);
    assert_eq!(*log.borrow(), ["body", "child", "grandchild"]);
}

/// Semantics 119.
#[test]
fn start_waits_for_the_word() {
    finish(local_scope(async |scope: Texts<'_>| {
        let port = scope.start(async |started| {
            yield_now().await;
            assert!(started.send(8080));
            pending().await
        });
        assert_eq!(port.await, Ok(8080));
        // Ends before it.
        assert_eq!(scope.start::<u8, _, _>(async |_| Ok(())).await, Err(NotStarted));
        // Nobody waits.
        let said = Rc::new(Cell::new(true));
        let seen = said.clone();
        drop(scope.start(async move |started| {
            seen.set(started.send(1));
            Ok(())
        }));
        yield_now().await;
        assert!(!said.get());
        // Fails before it: that is the scope's failure too.
        let failed = scope.start::<u8, _, _>(async |_| Err("weft"));
        assert_eq!(failed.await, Err(NotStarted));
        pending::<Result<(), _>>().await
    }))
    .map_err(|error| assert_eq!(errors(&error), ["weft"]))
    .unwrap_err();
}

#[test]
fn panics_are_carried_and_named() {
    let error = finish(local_scope(async |scope: Texts<'_>| {
        scope.spawn_named("weft", async { panic!("torn at {}", 7) });
        pending::<Result<(), _>>().await
    }));
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), r#"child "weft" panicked: torn at 7; 1 did not finish"#);
    assert!(panics(|| drop(error.into_errors())));

    // The body's; and that of a destructor, of a child that was done.
    let error = finish(local_scope(async |scope: Texts<'_>| {
        scope.spawn(async {
            drop(poll_fn(|_| Poll::Ready(Bad)).await);
            Ok(())
        });
        assert!(scope.is_open(), "it has not run");
        yield_now().await;
        panic!("in the body");
        #[expect(unreachable_code, reason = "the type of the body")]
        Ok(())
    }));
    let error = error.unwrap_err().to_string();
    assert_eq!(error, "child 0 panicked: bad end; 1 did not finish");
}

#[test]
fn supervised_children_fail_alone() {
    let done = Cell::new(0);
    let done = &done;
    let error = finish(
        local_scope(async |scope: Texts<'_>| {
            scope.spawn(async { Err("weft") });
            scope.spawn(async { panic!("on purpose") });
            for _ in 0..3 {
                scope.spawn(async {
                    yield_now().await;
                    done.set(done.get() + 1);
                    Ok(())
                });
            }
            Ok(())
        })
        .supervise(),
    );
    let error = error.unwrap_err();
    assert_eq!((done.get(), error.failures().len(), error.unfinished().len()), (3, 2, 0));
}

#[test]
fn a_limit_is_kept_in_order() {
    for limit in [1, 2, 3, 100] {
        let (inside, most, order) = (Cell::new(0), Cell::new(0), RefCell::new(Vec::new()));
        let (inside, most, order) = (&inside, &most, &order);
        let limited = local_scope(async |scope: Texts<'_>| {
            for at in 0..10 {
                scope.spawn(async move {
                    inside.set(inside.get() + 1);
                    most.set(most.get().max(inside.get()));
                    order.borrow_mut().push(at);
                    yield_now().await;
                    inside.set(inside.get() - 1);
                    Ok(())
                });
            }
            Ok(())
        });
        finish(limited.limit(limit).unwrap()).unwrap();
        assert_eq!(most.get(), limit.min(10));
        assert_eq!(*order.borrow(), (0..10).collect::<Vec<_>>());
    }
}

#[test]
fn a_limit_of_0_is_an_error() {
    let limited = local_scope(async |_: Texts<'_>| Ok(())).limit(0);
    assert_eq!(limited.map(|_| ()), Err(ZeroLimit));
}

/// Those that wait for their turn are dropped with the others.
#[test]
fn waiting_children_are_dropped_too() {
    let drops = Drops::default();
    let limited = scope(async |scope: Scope<'_, &str>| {
        for _ in 0..5 {
            let guard = drops.guard();
            scope.spawn(async move {
                let _guard = guard;
                pending().await
            });
        }
        yield_now().await;
        Err::<(), _>("body")
    });
    let error = finish(limited.limit(2).unwrap()).unwrap_err();
    assert_eq!((drops.count(), error.unfinished().len()), (5, 5));
}

/// A handle on another thread spawns and cancels.
#[test]
fn handles_work_from_other_threads() {
    let count = AtomicUsize::new(0);
    let count = &count;
    std::thread::scope(|threads| {
        let (send, receive) = std::sync::mpsc::channel();
        threads.spawn(move || {
            let scope: Scope<'_, ()> = receive.recv().unwrap();
            for _ in 0..1000 {
                assert!(scope.spawn(async {
                    count.fetch_add(1, SeqCst);
                    Ok(())
                }));
            }
            scope.cancel("enough");
        });
        let error = futures_lite::future::block_on(scope(async move |scope: Scope<'_, ()>| {
            send.send(scope).unwrap();
            pending::<Result<(), _>>().await
        }));
        let error = error.unwrap_err();
        assert_eq!(why(&error), Some("enough".to_owned()));
        assert_eq!(count.load(SeqCst) + error.unfinished().len(), 1000 + 1);
    });
}
