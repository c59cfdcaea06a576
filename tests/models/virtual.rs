//! What must hold of a virtual clock in every interleaving.

use std::{future::Future, pin::pin, sync::Arc, task::Poll, time::Duration};

use selvedge::{
    sync::Semaphore,
    time::{Timer, VirtualClock, sleep_on},
};

use crate::runner::{block_on, check, spawn};

const SECOND: Duration = Duration::from_secs(1);

/// A deadline that another thread registers while the clock is idle makes it jump.
///
/// Red when: mutant "an earlier alarm wakes nobody".
#[test]
fn a_deadline_of_another_thread_is_seen() {
    check(3, || {
        let clock = VirtualClock::new();
        let start = clock.now();
        let done = Arc::new(Semaphore::new(0));
        let sleeper = spawn({
            let (clock, done) = (clock.clone(), done.clone());
            move || {
                block_on(sleep_on(&clock, SECOND));
                done.add_permits(1);
            }
        });
        block_on(clock.auto_advance(async { done.acquire().await.unwrap().forget() }));
        sleeper.join().unwrap();
        assert_eq!(clock.now() - start, SECOND);
    });
}

/// A clock that is turned by hand while its driver is idle still wakes the driver.
///
/// Red when: mutant "a turn by hand loses the driver".
#[test]
fn a_turn_by_hand_keeps_the_driver() {
    check(2, || {
        let clock = VirtualClock::new();
        let start = clock.now();
        let done = Arc::new(Semaphore::new(0));
        let other = spawn({
            let (clock, done) = (clock.clone(), done.clone());
            move || {
                clock.advance(SECOND);
                block_on(sleep_on(&clock, SECOND));
                done.add_permits(1);
            }
        });
        block_on(clock.auto_advance(async { done.acquire().await.unwrap().forget() }));
        other.join().unwrap();
        assert_eq!(clock.now() - start, 2 * SECOND);
    });
}

/// Semantics 107: it jumps only when every task is idle, and to the next deadline.
///
/// Red when: mutant "a clock jumps though a task is busy", mutant "a clock that jumps fires what
/// comes later too".
#[test]
fn it_jumps_when_all_are_idle_and_no_further() {
    check(2, || {
        let clock = VirtualClock::new();
        let start = clock.now();
        let (mut first, mut second) =
            (pin!(sleep_on(&clock, SECOND)), pin!(sleep_on(&clock, 2 * SECOND)));
        let (mut polls, mut ended) = (0, 0);
        block_on(clock.auto_advance(std::future::poll_fn(|cx| {
            polls += 1;
            if ended == 0 && first.as_mut().poll(cx).is_ready() {
                ended = 1;
                assert_eq!(clock.now() - start, SECOND);
            }
            if second.as_mut().poll(cx).is_ready() {
                assert_eq!((clock.now() - start, ended), (2 * SECOND, 1));
                return Poll::Ready(());
            }
            if polls < 3 {
                // Busy.
                assert_eq!(clock.now(), start);
                cx.waker().wake_by_ref();
            }
            Poll::Pending
        })));
    });
}
