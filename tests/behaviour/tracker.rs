//! The task tracker: what counts, and when a wait ends.

use std::{
    future::pending,
    pin::pin,
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use futures_lite::future::yield_now;
use selvedge::{context::TaskTracker, sync::Event};

use crate::{
    harness::{Meddler, PollWith, Watched, allocations, panics, poll, ready},
    sweep::{Report, Swept},
};

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "tracker::wait",
        make: TaskTracker::new,
        wait: |tracker| {
            let tracker = tracker.clone();
            Box::pin(async move {
                tracker.wait().await;
                true
            })
        },
        free: |tracker| assert!(tracker.close()),
        waiting: TaskTracker::waiters,
        is_free: |tracker| tracker.is_closed() && tracker.is_empty(),
        close: None,
    }
    .sweep(report);
    Swept {
        name: "tracker::track_future",
        make: || (TaskTracker::new(), Event::new(false)),
        wait: |shared| {
            let tracked = shared.clone();
            Box::pin(shared.0.track_future(async move {
                tracked.1.wait().await;
                true
            }))
        },
        free: |(_, event)| event.set(),
        waiting: |(_, event)| event.statistics().waiting,
        // Whoever was dropped or has ended is no longer counted.
        is_free: |(tracker, event)| event.is_set() && tracker.is_empty(),
        close: None,
    }
    .sweep(report);
}

#[test]
fn a_wait_ends_when_it_is_closed_and_empty() {
    let tracker = TaskTracker::new();
    let watched = Watched::new();
    let mut wait = pin!(tracker.wait());
    assert!(watched.poll(wait.as_mut()).is_pending());
    let (first, second) = (tracker.token(), tracker.token());
    drop(first);
    assert!(tracker.close() && !tracker.close());
    assert_eq!((watched.woken(), tracker.len()), (0, 1));
    drop(second);
    assert_eq!((watched.woken(), tracker.is_empty()), (1, true));
    ready(wait);
    ready(pin!(tracker.wait()));
}

#[test]
fn empty_and_open_is_not_the_end() {
    let tracker = TaskTracker::new();
    let mut wait = pin!(tracker.wait());
    drop(tracker.token());
    assert!(poll(wait.as_mut()).is_pending());
    assert!(tracker.close());
    ready(wait);
    assert!(tracker.reopen() && !tracker.reopen());
    assert!(poll(pin!(tracker.wait())).is_pending());
}

/// Whoever waited when it ended has seen the end.
#[test]
fn an_end_that_was_seen_by_the_line_is_not_taken_back() {
    let tracker = TaskTracker::new();
    let mut wait = pin!(tracker.wait());
    assert!(poll(wait.as_mut()).is_pending());
    tracker.close();
    tracker.reopen();
    let _token = tracker.token();
    ready(wait);
}

#[test]
fn tasks_can_be_tracked_after_the_close() {
    let tracker = TaskTracker::new();
    let first = tracker.token();
    tracker.close();
    let second = first.clone();
    drop(first);
    let mut wait = pin!(tracker.wait());
    assert!(poll(wait.as_mut()).is_pending());
    assert!(TaskTracker::ptr_eq(second.task_tracker(), &tracker));
    drop(second);
    ready(wait);
}

#[test]
fn a_future_counts_until_it_is_gone() {
    let tracker = TaskTracker::new();
    let mut work = Box::pin(tracker.track_future(yield_now()));
    assert!(poll(work.as_mut()).is_pending());
    ready(work.as_mut());
    assert_eq!(tracker.len(), 1, "it is alive, as what it holds");
    drop(work);
    assert!(tracker.is_empty());
    // One that was never polled, and one that is dropped half-way.
    drop(tracker.track_future(pending::<()>()));
    drop({
        let mut work = Box::pin(tracker.track_future(pending::<()>()));
        assert!(poll(work.as_mut()).is_pending());
        work
    });
    assert!(tracker.is_empty());
}

/// What the task held goes first, then the wait ends.
#[test]
fn what_a_task_holds_is_gone_when_the_wait_ends() {
    struct Look(TaskTracker);
    impl Drop for Look {
        fn drop(&mut self) {
            assert_eq!(self.0.len(), 1);
        }
    }
    let tracker = TaskTracker::new();
    let look = Look(tracker.clone());
    let work = tracker.track_future(async move {
        let _look = look;
        pending::<()>().await;
    });
    tracker.close();
    drop(work);
    ready(pin!(tracker.wait()));
}

#[test]
fn a_task_that_panics_has_ended() {
    let tracker = TaskTracker::new();
    tracker.close();
    let work = tracker.track_future(async { panic!("on purpose") });
    assert!(panics(|| pollster::block_on(work)));
    ready(pin!(tracker.wait()));
}

/// A destructor: other people's panics end in it.
#[test]
fn the_last_token_never_panics() {
    let tracker = TaskTracker::new();
    let token = tracker.token();
    tracker.close();
    let bad = Meddler::waker(|| panic!("on purpose"), || ());
    let watched = Watched::new();
    let (mut first, mut second) = (pin!(tracker.wait()), pin!(tracker.wait()));
    assert!(first.as_mut().poll_with(&bad).is_pending());
    assert!(watched.poll(second.as_mut()).is_pending());
    assert!(!panics(|| drop(token)));
    assert_eq!(watched.woken(), 1);
    ready(first);
    ready(second);
}

#[test]
fn many_wait_in_batches() {
    for n in [1, 31, 32, 33, 200] {
        let tracker = TaskTracker::new();
        let watched = Watched::new();
        let mut waits: Vec<_> = (0..n).map(|_| Box::pin(tracker.wait())).collect();
        for wait in &mut waits {
            assert!(watched.poll(wait.as_mut()).is_pending());
        }
        tracker.close();
        assert_eq!((watched.woken(), watched.kept()), (n, 0));
    }
}

#[test]
fn tracking_and_waiting_allocate_nothing() {
    let tracker = TaskTracker::new();
    let made = allocations(|| {
        let token = tracker.token();
        let mut wait = pin!(tracker.wait());
        assert!(poll(wait.as_mut()).is_pending());
        tracker.close();
        drop(token);
        ready(wait);
    });
    assert_eq!(made, 0);
}

/// On every executor at once, and what they did is seen.
#[test]
fn tasks_of_every_executor_are_waited_for() {
    let tracker = TaskTracker::new();
    let done = Arc::new(AtomicUsize::new(0));
    let work = || {
        let done = done.clone();
        async move {
            for _ in 0..10 {
                yield_now().await;
            }
            done.fetch_add(1, SeqCst);
        }
    };
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    for _ in 0..8 {
        drop(tracker.spawn_on(work(), |task| tokio.spawn(task)));
        tracker.spawn_on(work(), selvedge::spawn).detach();
        tracker.spawn_on(work(), smol::spawn).detach();
        drop(tracker.spawn_on(work(), |task| thread::spawn(|| pollster::block_on(task))));
    }
    tracker.close();
    selvedge::block_on(tracker.wait());
    assert_eq!(done.load(SeqCst), 32);
    assert_eq!(format!("{tracker:?}"), "TaskTracker { len: 0, is_closed: true }");
}

#[test]
fn the_last_tasks_end_in_parallel_with_the_close() {
    for _ in 0..500 {
        let tracker = TaskTracker::new();
        let start = Arc::new(Barrier::new(3));
        let threads = [(); 2].map(|()| {
            let (token, start) = (tracker.token(), start.clone());
            thread::spawn(move || {
                start.wait();
                drop(token);
            })
        });
        start.wait();
        tracker.close();
        pollster::block_on(tracker.wait());
        for thread in threads {
            thread.join().unwrap();
        }
    }
}
