//! What must hold of calls at the edges of a window in every interleaving.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use selvedge::{
    context::decorate::{Skipped, Throttle, Time},
    model::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::runner::{block_on, design, is_pending, poll_and_cancel, spawn};

const WINDOW: Duration = Duration::from_millis(10);

/// A clock that stands, whose sleeps are over after so many polls.
#[derive(Clone)]
struct Still {
    at: Instant,
    polls: usize,
}

struct Sleep(usize);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.0 == 0 {
            return Poll::Ready(());
        }
        self.0 -= 1;
        Poll::Pending
    }
}

impl Time for Still {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        self.at
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Sleep(self.polls)
    }
}

async fn counts(count: Arc<AtomicU64>) -> Result<(), Skipped> {
    count.fetch_add(1, Relaxed);
    Ok(())
}

/// One whose window is not over, and the count of those that began.
fn opened(at: Instant) -> (Arc<Throttle>, Arc<AtomicU64>) {
    let (throttle, began) = (Arc::new(Throttle::new(WINDOW)), Arc::new(AtomicU64::new(0)));
    let first = throttle.run_on(Still { at, polls: 0 }, counts(began.clone()));
    assert_eq!(poll_and_cancel(first), Some(Ok(())));
    (throttle, began)
}

/// Whose place is taken is woken, whenever that happens.
///
/// Red when: mutant "a call that is skipped sleeps on", or "a call leaves its waker unseen".
#[test]
fn who_is_skipped_is_told() {
    design(3, |d| {
        let at = Instant::now();
        let (throttle, began) = opened(at);
        d.thread("waits", move || {
            let for_ever = Still { at, polls: usize::MAX };
            let mut call = pin!(throttle.run_on(for_ever.clone(), counts(began.clone())));
            assert!(is_pending(call.as_mut()));
            let comes = spawn({
                let (throttle, began) = (throttle.clone(), began.clone());
                move || _ = poll_and_cancel(throttle.run_on(for_ever, counts(began)))
            });
            assert_eq!(block_on(call), Err(Skipped));
            comes.join().unwrap();
        });
    });
}

/// At one edge begins one: the one that waited, or the one that came when it was due.
///
/// Red when: mutant "a call that was skipped begins".
#[test]
fn one_begins_at_an_edge() {
    design(3, |d| {
        let at = Instant::now();
        let (throttle, began) = opened(at);
        d.thread("waits", move || {
            let call = throttle.run_on(Still { at, polls: 1 }, counts(began.clone()));
            let mut call = pin!(call);
            assert!(is_pending(call.as_mut()));
            let comes = spawn({
                let late = Still { at: at + WINDOW, polls: usize::MAX };
                let (throttle, began) = (throttle.clone(), began.clone());
                move || _ = poll_and_cancel(throttle.run_on(late, counts(began)))
            });
            _ = block_on(call);
            comes.join().unwrap();
            assert_eq!(began.load(Relaxed), 2, "the first of all, and one at the edge");
        });
    });
}

/// Who goes takes nobody along who came later.
///
/// Red when: mutant "who goes takes the last one along".
#[test]
fn who_goes_leaves_the_others() {
    design(3, |d| {
        let at = Instant::now();
        let (throttle, began) = opened(at);
        d.thread("goes", move || {
            let for_ever = Still { at, polls: usize::MAX };
            let mut call = Box::pin(throttle.run_on(for_ever, counts(began.clone())));
            assert!(is_pending(call.as_mut()));
            let stays = spawn({
                let (throttle, began) = (throttle.clone(), began.clone());
                move || {
                    let call = throttle.run_on(Still { at, polls: 1 }, counts(began));
                    let mut call = pin!(call);
                    assert!(is_pending(call.as_mut()));
                    assert_eq!(block_on(call), Ok(()));
                }
            });
            drop(call);
            stays.join().unwrap();
            // It began at the end of the first window, so that is when the second one began.
            let soon = Still { at: at + WINDOW, polls: usize::MAX };
            assert_eq!(poll_and_cancel(throttle.run_on(soon, counts(began))), None);
        });
    });
}
