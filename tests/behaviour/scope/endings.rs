//! How a scope ends early: by a failure, by a cancel, by its own end.

use std::{
    cell::{Cell, RefCell},
    future::{pending, ready},
    pin::Pin,
    sync::Mutex,
};

use futures_lite::future::yield_now;
use selvedge::context::{Failure, GroupError, NotStarted, Scope, Who, local_scope, scope};

use super::{Bad, Texts, errors, finish, why};
use crate::{
    handle::Drops,
    harness::{Watched, poll, ready as now},
};

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
