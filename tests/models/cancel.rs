//! What must hold of a cancellation token in every interleaving.

use std::{
    future::Future,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Waker},
    time::{Duration, Instant},
};

use loom::cell::UnsafeCell;
use selvedge::{
    context::{CancellationToken, Reason},
    time::{Key, Timer, TimerError},
};

use crate::runner::{block_on, block_on_moved, check, poll_and_cancel, spawn};

/// Written before the cancel; loom reports whoever reads it too early.
struct Told(UnsafeCell<i32>);

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Sync for Told {}

/// Whoever sees the cancel sees its reason, and what went before it.
///
/// Red when: the store of `mark` or the load of `is_cancelled` is Relaxed.
#[test]
fn a_cancel_publishes() {
    check(3, || {
        let token = CancellationToken::new();
        let told = Arc::new(Told(UnsafeCell::new(0)));
        let looks = spawn({
            let (token, told) = (token.clone(), told.clone());
            move || {
                if token.is_cancelled() {
                    told.0.with(|_| ());
                    assert!(matches!(token.reason(), Some(Reason::Because(_))));
                }
            }
        });
        told.0.with_mut(|_| ());
        token.cancel_with("stop");
        looks.join().unwrap();
    });
}

/// Nobody who waits, in its token or below it, sleeps through a cancel.
///
/// Red when: mutant "a waiter does not look again" or "cancelling stays at the top".
#[test]
fn a_cancel_wakes_all() {
    check(2, || {
        let token = CancellationToken::new();
        let child = token.child_token();
        let waits = spawn({
            let token = token.clone();
            move || block_on(token.cancelled())
        });
        let below = spawn({
            let token = token.clone();
            move || {
                assert!(poll_and_cancel(child.cancelled()).is_none() || child.is_cancelled());
                block_on_moved(child.cancelled());
                block_on(token.cancelled_owned());
            }
        });
        token.cancel();
        waits.join().unwrap();
        below.join().unwrap();
    });
}

/// Those who wait for one token wake together, a batch of two and the next.
///
/// Red when: mutant "a cancel wakes one".
#[test]
fn a_cancel_wakes_a_line() {
    check(2, || {
        let token = CancellationToken::new();
        let waits = [(); 2].map(|()| {
            let token = token.clone();
            spawn(move || block_on(token.cancelled()))
        });
        let mut third = pin!(token.cancelled());
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(third.as_mut().poll(cx).is_pending());
        token.cancel();
        for wait in waits {
            wait.join().unwrap();
        }
        assert!(third.poll(cx).is_ready());
    });
}

/// A child that is born while its parent is cancelled is cancelled: the first, which makes the
/// tree, and a later one.
///
/// Red when: mutant "a child hangs below a cancelled parent".
#[test]
fn a_child_is_born_beside_a_cancel() {
    for has_sibling in [false, true] {
        check(3, move || {
            let token = CancellationToken::new();
            let sibling = has_sibling.then(|| token.child_token());
            let born = spawn({
                let token = token.clone();
                move || token.child_token()
            });
            token.cancel();
            assert!(sibling.is_none_or(|sibling| sibling.is_cancelled()));
            assert!(born.join().unwrap().is_cancelled());
        });
    }
}

/// A token that goes while its parent is cancelled does not take its children along.
///
/// Red when: mutant "children go with their parent".
#[test]
fn a_token_goes_beside_a_cancel() {
    check(3, || {
        let root = CancellationToken::new();
        let middle = root.child_token();
        let leaf = middle.child_token();
        let goes = spawn(move || drop(middle));
        root.cancel();
        assert!(leaf.is_cancelled());
        goes.join().unwrap();
        assert!(leaf.child_token().is_cancelled());
    });
}

/// A token that goes is not in the tree any more when its child is born there: the child hangs
/// below the grandparent.
///
/// Red when: mutant "children go with their parent".
#[test]
fn births_and_deaths_keep_the_tree() {
    check(2, || {
        let root = CancellationToken::new();
        let middle = root.child_token();
        let born = spawn({
            let middle = middle.clone();
            move || middle.child_token()
        });
        drop(middle);
        let leaf = born.join().unwrap();
        root.cancel();
        assert!(leaf.is_cancelled());
    });
}

/// A callback runs once, whenever it was registered.
///
/// Red when: mutant "a callback is left after the cancel".
#[test]
fn a_callback_runs_once() {
    check(3, || {
        let token = CancellationToken::new();
        let calls = Arc::new(AtomicUsize::new(0));
        let registers = spawn({
            let (token, calls) = (token.clone(), calls.clone());
            move || token.on_cancel(move || assert_eq!(calls.fetch_add(1, Relaxed), 0))
        });
        token.cancel();
        let registration = registers.join().unwrap();
        assert_eq!(calls.load(Relaxed), 1);
        drop(registration);
    });
}

/// A callback that is taken back beside the cancel runs once or never, and leaves nothing.
///
/// Red when: `deregister` leaves the callback where it is.
#[test]
fn a_callback_is_taken_back_beside_a_cancel() {
    check(3, || {
        let token = CancellationToken::new();
        let held = Arc::new(());
        let inner = held.clone();
        let registration = token.on_cancel(move || drop(inner));
        let takes = spawn(move || drop(registration));
        token.cancel();
        takes.join().unwrap();
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

/// Several parents are cancelled at once: the token has one reason, and who waits below it wakes.
///
/// Red when: links are followed with another tree's lock held (a deadlock), or not at all.
#[test]
fn two_parents_are_cancelled_at_once() {
    check(2, || {
        let [left, right] = [(); 2].map(|()| CancellationToken::new());
        let both = CancellationToken::any_of([&left, &right]);
        let waits = spawn({
            let below = both.child_token();
            move || {
                block_on(below.cancelled());
                below.reason().unwrap().to_string()
            }
        });
        let cancels = spawn(move || left.cancel_with("left"));
        right.cancel_with("right");
        cancels.join().unwrap();
        assert_eq!(waits.join().unwrap(), both.reason().unwrap().to_string());
    });
}

/// Links across two trees, both ways, cancelled from both ends.
///
/// Red when: links are followed with another tree's lock held (a deadlock).
#[test]
fn trees_that_are_linked_both_ways() {
    check(2, || {
        let [left, right] = [(); 2].map(|()| CancellationToken::new());
        let over = CancellationToken::any_of([&left, &left.child_token()]);
        let across = CancellationToken::any_of([&over, &right]);
        let cancels = spawn(move || left.cancel());
        right.cancel();
        assert!(across.is_cancelled());
        cancels.join().unwrap();
        assert!(over.is_cancelled());
    });
}

/// A timer that fires when the model says so.
#[derive(Default)]
struct ByHand(std::sync::Mutex<Option<Waker>>);

impl Timer for ByHand {
    fn now(&self) -> Instant {
        epoch()
    }

    fn register(&self, _: Instant, waker: &Waker) -> Result<Key, TimerError> {
        *self.0.lock().unwrap() = Some(waker.clone());
        Ok(Key::new(0))
    }

    fn update(&self, _: &mut Key, _: Instant, _: Option<&Waker>) -> Result<(), TimerError> {
        Ok(())
    }

    fn cancel(&self, _: Key) {
        drop(self.0.lock().unwrap().take());
    }
}

fn epoch() -> Instant {
    static EPOCH: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *EPOCH.get_or_init(Instant::now)
}

/// The deadline comes beside a cancel, and beside the token's end: it is cancelled once, and the
/// timer keeps nothing of it.
///
/// Red when: `keep_timer` keeps a key after the cancel, or a token's drop leaves its key.
#[test]
fn a_deadline_comes_beside_a_cancel() {
    for drops in [false, true] {
        check(3, move || {
            let timer = Arc::new(ByHand::default());
            let root = CancellationToken::new();
            let token = root.with_deadline(timer.clone(), epoch() + Duration::from_secs(1));
            let fires = spawn({
                let waker = timer.0.lock().unwrap().clone();
                move || waker.map(Waker::wake)
            });
            if drops {
                drop(token);
            } else {
                root.cancel();
                assert!(token.is_cancelled());
            }
            fires.join().unwrap();
            assert!(timer.0.lock().unwrap().is_none());
        });
    }
}
