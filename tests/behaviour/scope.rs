//! A group whose children borrow.

use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn, ready},
    pin::{Pin, pin},
    rc::Rc,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
};

use futures_lite::future::yield_now;
use selvedge::{
    context::{
        Failure, GroupError, InScope, LocalScope, NotStarted, Scope, Who, ZeroLimit, local_scope,
        scope,
    },
    sync::Semaphore,
};

use crate::{
    handle::Drops,
    harness::{Watched, allocations, growth, panics, poll, ready as now},
};

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

/// Semantics 109.
#[test]
fn the_first_failure_drops_the_others_and_the_body() {
    let drops = Drops::default();
    let error = finish(scope(async |scope: Scope<'_, &str>| {
        for _ in 0..3 {
            let guard = drops.guard();
            scope.spawn(async move {
                let _guard = guard;
                pending().await
            });
        }
        scope.spawn(async {
            yield_now().await;
            Err("weft")
        });
        let _guard = drops.guard();
        pending::<Result<(), _>>().await
    }));
    let error = error.unwrap_err();
    assert_eq!((errors(&error), drops.count()), (vec!["weft"], 4));
    assert_eq!(error.failures()[0].0, Who::Child(3, None));
    let unfinished: Vec<_> = (0..3).map(|at| Who::Child(at, None)).chain([Who::Body]).collect();
    assert_eq!(error.unfinished(), unfinished);
    assert_eq!(error.to_string(), "child 3 failed: weft; 4 did not finish");
}

/// Semantics 110.
#[test]
fn a_failing_body_drops_the_children() {
    let error = finish(local_scope(async |scope: Texts<'_>| {
        scope.spawn(pending());
        yield_now().await;
        Err::<(), _>("body")
    }));
    let error = error.unwrap_err();
    assert_eq!((errors(&error), error.unfinished().len()), (vec!["body"], 1));
    assert_eq!(error.failures()[0].0, Who::Body);
}

/// Semantics 111: dropped, everybody is dropped at once.
#[test]
fn dropping_it_drops_everybody() {
    let drops = Drops::default();
    let mut scope = Box::pin(scope(async |scope: Scope<'_, ()>| {
        for _ in 0..3 {
            let (guard, inner) = (drops.guard(), scope.clone());
            scope.spawn(async move {
                let _guard = guard;
                // A child that spawns, and keeps a handle: no cycle keeps it.
                inner.spawn(pending());
                pending().await
            });
        }
        let _guard = drops.guard();
        pending::<Result<(), _>>().await
    }));
    assert!(poll(scope.as_mut()).is_pending());
    assert_eq!(drops.count(), 0);
    drop(scope);
    assert_eq!(drops.count(), 4);
}

/// Semantics 111, by signal: it ends as cancelled.
#[test]
fn a_cancelled_scope_says_so() {
    let handle = RefCell::new(None);
    let mut running = Box::pin(local_scope(async |scope: Texts<'_>| {
        scope.spawn(pending());
        *handle.borrow_mut() = Some(scope);
        pending::<Result<(), _>>().await
    }));
    let watched = Watched::new();
    assert!(watched.poll(running.as_mut()).is_pending());
    let scope = handle.borrow_mut().take().unwrap();
    scope.cancel("closing time");
    scope.cancel("too late");
    assert_eq!(watched.woken(), 1);
    assert!(!scope.is_open());
    assert!(!scope.spawn(ready(Ok(()))));
    let error = now(running.as_mut()).unwrap_err();
    assert_eq!((why(&error), error.failures().len()), (Some("closing time".to_owned()), 0));
    assert_eq!(error.to_string(), "the group was cancelled: closing time; 2 did not finish");
    assert!(!scope.spawn(ready(Ok(()))));
    scope.cancel("nobody is there");
}

/// Semantics 112: what goes wrong in a child that is being dropped is reported.
#[test]
fn children_that_fail_as_they_are_dropped() {
    let error = finish(local_scope(async |scope: Texts<'_>| {
        scope.spawn_named("bad", async {
            let _bad = Bad;
            pending().await
        });
        yield_now().await;
        scope.cancel("closing time");
        pending::<Result<(), _>>().await
    }));
    let error = error.unwrap_err();
    let [(who, Failure::Panicked(panic))] = error.failures() else { panic!("{error}") };
    assert_eq!((who.name(), panic.message()), (Some("bad"), Some("bad end")));
    assert_eq!(why(&error), Some("closing time".to_owned()));
}

/// Semantics 113.
#[test]
fn nested_scopes_keep_their_errors_apart() {
    let error = finish(scope(async |outer: Scope<'_, GroupError<&str>>| {
        outer.spawn(async {
            scope(async |inner: Scope<'_, &str>| {
                inner.spawn(async { Err("warp") });
                inner.spawn(async { Err("weft") });
                Ok(())
            })
            .await
        });
        pending::<Result<(), _>>().await
    }));
    let error = error.unwrap_err();
    let inner: Vec<_> = error.errors().collect();
    assert_eq!(inner.len(), 1);
    assert_eq!(errors(inner[0]), ["warp", "weft"]);
}

/// Semantics 114.
#[test]
fn an_error_and_a_cancel_at_the_same_time() {
    let error = finish(local_scope(async |scope: Texts<'_>| {
        scope.spawn(async { Err("weft") });
        scope.cancel("closing time");
        pending::<Result<(), _>>().await
    }));
    let error = error.unwrap_err();
    assert_eq!((errors(&error), why(&error)), (vec!["weft"], Some("closing time".to_owned())));
}

/// Semantics 115.
#[test]
fn a_cancelled_scope_is_its_own_business() {
    let output = finish(local_scope(async |outer: Texts<'_>| {
        let cancelled = local_scope(async |inner: Texts<'_>| {
            inner.cancel("only this one");
            pending::<Result<(), _>>().await
        });
        assert!(cancelled.await.unwrap_err().cancelled().is_some());
        assert!(outer.spawn(ready(Ok(()))));
        yield_now().await;
        Ok("goes on")
    }));
    assert_eq!(output.unwrap(), "goes on");
}

/// Semantics 116.
#[test]
fn no_child_after_a_failure_or_the_end() {
    let drops = Drops::default();
    let kept = Mutex::new(None);
    let error = finish(scope(async |scope: Scope<'_, ()>| {
        *kept.lock().unwrap() = Some(scope.clone());
        Err::<(), _>(())
    }));
    assert!(error.is_err());
    let guard = drops.guard();
    let handle = kept.lock().unwrap().take().unwrap();
    let refused = async move {
        let _guard = guard;
        Ok(())
    };
    assert!(!handle.spawn(refused));
    assert_eq!(drops.count(), 1);

    let kept = Mutex::new(None);
    finish(scope(async |scope: Scope<'_, ()>| {
        *kept.lock().unwrap() = Some(scope.clone());
        Ok(())
    }))
    .unwrap();
    let guard = drops.guard();
    let handle = kept.lock().unwrap().take().unwrap();
    assert!(!handle.spawn(async move {
        let _guard = guard;
        Ok(())
    }));
    assert_eq!(drops.count(), 2);
    let late: Result<u8, _> = finish(handle.start(async |_| Ok(())));
    assert_eq!(late, Err(NotStarted));
}

/// A destructor that spawns when everything comes down.
#[test]
fn a_child_that_spawns_as_it_is_dropped() {
    struct Spawns<'e>(Texts<'e>, &'e Cell<usize>);
    impl Drop for Spawns<'_> {
        fn drop(&mut self) {
            self.1.set(self.1.get() + 1 + usize::from(self.0.spawn(pending())));
        }
    }
    let count = Cell::new(0);
    let error = finish(local_scope(async |scope: Texts<'_>| {
        for _ in 0..2 {
            let spawns = Spawns(scope.clone(), &count);
            scope.spawn(async move {
                let _spawns = spawns;
                pending().await
            });
        }
        yield_now().await;
        Err::<(), _>("body")
    }));
    assert_eq!((error.unwrap_err().unfinished().len(), count.get()), (2, 2));
}

/// Semantics 117.
#[test]
fn a_scope_that_keeps_spawning_is_brought_down() {
    fn spawn_on<'e>(scope: &Texts<'e>, count: &'e Cell<usize>) {
        let inner = scope.clone();
        scope.spawn(Box::pin(async move {
            count.set(count.get() + 1);
            spawn_on(&inner, count);
            Ok(())
        }) as Pin<Box<dyn Future<Output = _>>>);
    }
    let count = Cell::new(0);
    let error = finish(local_scope(async |scope: Texts<'_>| {
        spawn_on(&scope, &count);
        for _ in 0..10 {
            yield_now().await;
        }
        Err::<(), _>("enough")
    }));
    assert_eq!(errors(&error.unwrap_err()), ["enough"]);
    assert!((10..=30).contains(&count.get()), "{}", count.get());
}

/// Semantics 118.
#[test]
fn body_and_child_fail_in_the_same_step() {
    let error = finish(local_scope(async |scope: Texts<'_>| {
        scope.spawn(async {
            yield_now().await;
            Err("child")
        });
        yield_now().await;
        Err::<(), _>("body")
    }));
    assert_eq!(errors(&error.unwrap_err()), ["child", "body"]);
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

/// Of many children, the one that was woken is polled.
#[test]
fn only_those_that_are_woken_are_polled() {
    const CHILDREN: usize = 1000;
    let polls = Cell::new(0);
    let gate = Semaphore::new(0);
    let (polls, gate) = (&polls, &gate);
    let mut running = Box::pin(local_scope(async |scope: Texts<'_>| {
        for _ in 0..CHILDREN {
            scope.spawn(async move {
                let mut acquire = Box::pin(gate.acquire());
                poll_fn(|cx| {
                    polls.set(polls.get() + 1);
                    acquire.as_mut().poll(cx)
                })
                .await
                .unwrap()
                .forget();
                Ok(())
            });
        }
        Ok(())
    }));
    let watched = Watched::new();
    assert!(watched.poll(running.as_mut()).is_pending());
    assert_eq!(polls.get(), CHILDREN);
    // Polled without being woken: nobody else is.
    assert!(watched.poll(running.as_mut()).is_pending());
    assert_eq!(polls.get(), CHILDREN);
    for at in 1..CHILDREN {
        gate.add_permits(1);
        assert_eq!(watched.woken(), at);
        assert!(watched.poll(running.as_mut()).is_pending());
        assert_eq!(polls.get(), CHILDREN + at);
    }
    gate.add_permits(1);
    now(running.as_mut()).unwrap();
}

/// A child is stored once, without a box for each.
#[test]
fn children_share_their_memory() {
    const CHILDREN: usize = 1000;
    let mut running = Box::pin(local_scope(async |scope: Texts<'_>| {
        let count = allocations(|| {
            for _ in 0..CHILDREN {
                scope.spawn(async {
                    let _room = [0_u8; 64];
                    pending().await
                });
            }
        });
        // Chunks that double, and the list in which they are left: not one for each.
        assert!(count < 50, "{count} allocations for {CHILDREN} children");
        pending::<Result<(), _>>().await
    }));
    let count = allocations(|| assert!(poll(running.as_mut()).is_pending()));
    assert!(count < 150, "{count} allocations for {CHILDREN} children");
}

#[test]
fn nothing_grows() {
    let handle = RefCell::new(None);
    let mut running = Box::pin(local_scope(async |scope: Texts<'_>| {
        *handle.borrow_mut() = Some(scope);
        pending::<Result<(), _>>().await
    }));
    let watched = Watched::new();
    assert!(watched.poll(running.as_mut()).is_pending());
    let scope = handle.borrow_mut().take().unwrap();
    let round = |running: &mut Pin<Box<InScope<'_, _, _, _>>>| {
        for _ in 0..100 {
            assert!(scope.spawn(async {
                let room = [1_u8; 100];
                yield_now().await;
                if room[7] == 1 { Ok(()) } else { Err("torn") }
            }));
        }
        for _ in 0..3 {
            assert!(watched.poll(running.as_mut()).is_pending());
        }
    };
    // Two lists of new children take turns.
    round(&mut running);
    round(&mut running);
    let grown = growth(|| (0..100).for_each(|_| round(&mut running)));
    assert_eq!(grown, 0);
    assert_eq!(watched.kept(), 1);
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

/// A child's waker outlives the scope.
#[test]
fn a_waker_that_comes_too_late() {
    let kept = Arc::new(Mutex::new(None::<Waker>));
    let mut running = Box::pin(scope(async |scope: Scope<'_, ()>| {
        let kept = kept.clone();
        scope.spawn(poll_fn(move |cx| {
            *kept.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        }));
        pending::<Result<(), _>>().await
    }));
    assert!(poll(running.as_mut()).is_pending());
    drop(running);
    let waker = kept.lock().unwrap().take().unwrap();
    waker.wake_by_ref();
    let clone = waker.clone();
    waker.wake();
    drop(clone);
}

/// Futures without a size, and of many sizes and alignments.
#[test]
fn futures_of_all_sizes() {
    #[repr(align(128))]
    struct Wide(u8);
    struct Nothing;
    impl Future for Nothing {
        type Output = Result<(), &'static str>;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(()))
        }
    }
    let seen = Cell::new(0);
    let seen = &seen;
    finish(local_scope(async |scope: Texts<'_>| {
        for _ in 0..10 {
            scope.spawn(Nothing);
            scope.spawn(async {
                let wide = Wide(1);
                yield_now().await;
                assert!((&raw const wide).addr() % 128 == 0);
                seen.set(seen.get() + wide.0);
                Ok(())
            });
            scope.spawn(async {
                let long = [1_u8; 3000];
                yield_now().await;
                seen.set(seen.get() + long[2999]);
                Ok(())
            });
        }
        Ok(())
    }))
    .unwrap();
    assert_eq!(seen.get(), 20);
}
