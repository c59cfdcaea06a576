//! What must hold of guards and their reaper in every interleaving.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use loom::cell::UnsafeCell;
use selvedge::{
    context::{Exit, Reaper},
    sync::Semaphore,
};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// A resource; loom reports whoever touches it beside another.
struct Resource(UnsafeCell<i32>);

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Sync for Resource {}

impl Resource {
    fn touch(&self) {
        self.0.with_mut(|_| ());
    }
}

/// Touches the resource in each of two polls.
async fn close(resource: Arc<Resource>, ended: Arc<AtomicUsize>) {
    resource.touch();
    let mut first = true;
    poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if std::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    resource.touch();
    ended.fetch_add(1, Relaxed);
}

/// A close that is cut half-way, beside a drain: the cleanup ends once, there or here, and nobody
/// touches the resource beside it.
///
/// Red when: a cleanup is out twice, or mutant "nobody hears of a new cleanup".
#[test]
fn a_hand_over_beside_a_drain() {
    check(2, || {
        let reaper = Reaper::new();
        let resource = Arc::new(Resource(UnsafeCell::new(0)));
        let ended = Arc::new(AtomicUsize::new(0));
        let gives = spawn({
            let (reaper, ended) = (reaper.clone(), ended.clone());
            move || {
                resource.touch();
                let close = |resource, _: Exit| close(resource, ended);
                assert!(poll_and_cancel(reaper.guard(resource, close).close()).is_none());
            }
        });
        block_on(reaper.drain());
        gives.join().unwrap();
        assert_eq!(block_on(reaper.drain()).done, 1);
        assert_eq!(ended.load(Relaxed), 1);
    });
}

/// A driver that sleeps is woken by a guard's drop, and ends when the last handle goes.
///
/// Red when: mutant "a driver does not look again".
#[test]
fn a_drop_wakes_the_driver() {
    check(3, || {
        let reaper = Reaper::new();
        let run = reaper.run();
        let drives = spawn(move || block_on(run).done);
        drop(reaper.guard((), |(), _| async {}));
        drop(reaper);
        assert_eq!(drives.join().unwrap(), 1);
    });
}

/// A cleanup that is woken while it is polled, or just before or after, is polled again.
///
/// Red when: mutant "a wake-up during the poll is forgotten" or "a driver does not look again".
#[test]
fn a_wake_up_beside_the_poll() {
    check(3, || {
        let reaper = Reaper::new();
        let go = Arc::new(Semaphore::new(0));
        let waits = go.clone();
        drop(reaper.guard((), |(), _| async move { drop(waits.acquire().await) }));
        let drives = spawn({
            let reaper = reaper.clone();
            move || block_on(reaper.drain()).done
        });
        go.add_permits(1);
        assert_eq!(drives.join().unwrap(), 1);
    });
}

/// Two drivers share the work, and one of them quits: what it leaves is done by the other.
///
/// Red when: mutant "nobody hears of the last cleanup's end" or "a wake-up during the poll is
/// forgotten".
#[test]
fn two_drivers_and_one_quits() {
    check(2, || {
        let reaper = Reaper::new();
        let resource = Arc::new(Resource(UnsafeCell::new(0)));
        let ended = Arc::new(AtomicUsize::new(0));
        let inner = ended.clone();
        drop(reaper.guard(resource, |resource, _: Exit| close(resource, inner)));
        let quits = spawn({
            let reaper = reaper.clone();
            move || {
                let mut run = pin!(reaper.run());
                let cx = &mut Context::from_waker(Waker::noop());
                for _ in 0..2 {
                    assert!(run.as_mut().poll(cx).is_pending());
                }
            }
        });
        assert_eq!(block_on(reaper.drain()).left, 0);
        quits.join().unwrap();
        assert_eq!(ended.load(Relaxed), 1);
    });
}

/// The reaper's last handle goes beside the hand-over of a close that was cut: the cleanup runs,
/// or it is dropped, and what it holds is dropped with it.
///
/// Red when: a job keeps its queue alive.
#[test]
fn the_last_handle_goes_beside_a_hand_over() {
    check(3, || {
        let (reaper, held) = (Reaper::new(), Arc::new(()));
        let run = reaper.run();
        let guard = reaper.guard(held.clone(), |held, _| async move { drop(held) });
        let drops = spawn(move || drop(guard));
        let quits = spawn(move || drop(poll_and_cancel(run)));
        drop(reaper);
        drops.join().unwrap();
        quits.join().unwrap();
        assert_eq!(Arc::strong_count(&held), 1);
    });
}
