//! Who is cancelled ends, and what is to be closed is closed.

use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    time::Duration,
};

use futures_lite::future::yield_now;
use selvedge::{
    context::{
        CancellationToken, Deadline, Exit, Reaper, Shutdown, TaskTracker, shield, with, with_stack,
    },
    sync::Event,
};

use crate::{Crew, TASKS, hosts::Tasks};

pub(crate) async fn a_token_cancels_its_children(tasks: Tasks) {
    let (root, mut crew) = (CancellationToken::new(), Crew::new(&tasks));
    for task in 0..TASKS {
        let token = if task % 2 == 0 { root.child_token() } else { root.clone() };
        crew.add(async move {
            assert_eq!(token.run_until_cancelled(pending::<()>()).await, None);
            assert_eq!(token.reason().unwrap().to_string(), "enough");
            token.cancelled_owned().await;
        });
    }
    yield_now().await;
    root.cancel_with("enough");
    crew.end().await;
    assert_eq!(root.waiters(), 0);
}

pub(crate) async fn a_tracker_waits_for_its_tasks(tasks: Tasks) {
    let (tracker, done) = (TaskTracker::new(), Arc::new(AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let done = done.clone();
        crew.add(tracker.track_future(async move {
            yield_now().await;
            done.fetch_add(1, SeqCst);
        }));
    }
    tracker.close();
    tracker.wait().await;
    assert_eq!(done.load(SeqCst), TASKS);
    crew.end().await;
}

pub(crate) async fn a_shutdown_ends_its_phases(tasks: Tasks) {
    let mut shutdown = Shutdown::new();
    let (first, second) = (shutdown.phase("first"), shutdown.phase("second"));
    let (order, mut crew) = (Arc::new(Mutex::new(Vec::new())), Crew::new(&tasks));
    for (name, phase) in [("second", &second), ("first", &first)] {
        let (order, token) = (order.clone(), phase.token().clone());
        crew.add(phase.tracker().track_future(async move {
            token.cancelled().await;
            order.lock().unwrap().push(name);
        }));
    }
    let report = shutdown.run("done").await;
    assert!(report.is_complete(), "{report}");
    crew.end().await;
    assert_eq!(*order.lock().unwrap(), ["first", "second"]);
}

pub(crate) async fn a_guard_is_closed_and_reaped(tasks: Tasks) {
    let (reaper, ends) = (Reaper::new(), Arc::new(Mutex::new(Vec::new())));
    let mut crew = Crew::new(&tasks);
    for task in 0..TASKS {
        let ends = ends.clone();
        let close = move |number: usize, exit: Exit| async move {
            yield_now().await;
            ends.lock().unwrap().push((number, format!("{exit:?}")));
            Ok::<(), &str>(())
        };
        let used = with(reaper.clone(), task, async |_: &mut usize| Ok::<_, &str>(()), close);
        crew.add(async move {
            if task % 2 == 0 {
                assert!(used.await.is_ok());
                return;
            }
            // Polled once, and dropped.
            let mut used = Box::pin(used);
            poll_fn(|cx| Poll::Ready(used.as_mut().poll(cx).is_ready())).await;
        });
    }
    crew.end().await;
    let report = reaper.drain().await;
    assert_eq!((report.left, report.failed), (0, 0));
    let mut ends: Vec<_> = ends.lock().unwrap().iter().map(|(number, _)| *number).collect();
    ends.sort_unstable();
    assert!(ends.into_iter().eq(0..TASKS));
}

pub(crate) async fn a_stack_unwinds(tasks: Tasks) {
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        crew.add(async {
            let order = Arc::new(Mutex::new(Vec::new()));
            let run = with_stack(Reaper::new(), async |stack| {
                for number in 0..3 {
                    let order = order.clone();
                    stack.defer(move || async move {
                        yield_now().await;
                        order.lock().unwrap().push(number);
                        Ok::<(), String>(())
                    });
                }
                Ok::<_, String>(())
            });
            run.await.unwrap();
            assert_eq!(*order.lock().unwrap(), [2, 1, 0]);
        });
    }
    crew.end().await;
}

pub(crate) async fn a_shield_outlives_its_caller(tasks: Tasks) {
    let (reaper, go, done) =
        (Reaper::new(), Arc::new(Event::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let (reaper, go, done) = (reaper.clone(), go.clone(), done.clone());
        crew.add(async move {
            let work = async move {
                go.wait().await;
                done.fetch_add(1, SeqCst);
            };
            let mut work = pin!(shield(reaper, work));
            assert!(poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx).is_pending())).await);
        });
    }
    crew.end().await;
    go.set();
    reaper.drain().await;
    assert_eq!(done.load(SeqCst), TASKS);
}

pub(crate) async fn a_deadline_limits_what_is_in_it(tasks: Tasks) {
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        crew.add(async {
            let hour = Deadline::after(Duration::from_secs(3600));
            let soon = Deadline::after(Duration::from_millis(1));
            assert!(soon.scope(hour.scope(pending::<()>())).await.is_err());
            let left = async { Deadline::current().remaining().unwrap() };
            assert!(hour.scope(left).await.unwrap() > Duration::from_secs(3000));
        });
    }
    crew.end().await;
}
