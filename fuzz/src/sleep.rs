//! Sleeps on a clock that is turned by hand, against a list: who is due is woken, nobody else.

use std::{
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Waker},
    time::Instant,
};

use selvedge::time::{Sleep, Timer, VirtualClock, sleep_until_on};

use crate::{Flag, delay::span, steps};

struct Sleeper<'a> {
    sleep: Pin<Box<Sleep<&'a VirtualClock>>>,
    deadline: Instant,
    flag: Arc<Flag>,
}

impl Sleeper<'_> {
    /// Polls; whether it has ended.
    fn poll(&mut self) -> bool {
        self.flag.0.store(false, Relaxed);
        let waker = Waker::from(self.flag.clone());
        self.sleep.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
    }
}

/// # Panics
///
/// If a sleep differs from the oracle.
pub fn sleeps(bytes: &[u8]) {
    let clock = VirtualClock::new();
    let mut list: Vec<Sleeper<'_>> = Vec::new();
    for (what, which) in steps(bytes) {
        let at = which % list.len().max(1);
        match what % 6 {
            0 | 1 => {
                let deadline = clock.now() + span(which);
                let sleep = Box::pin(sleep_until_on(&clock, deadline));
                let flag = Arc::new(Flag(false.into()));
                let mut sleeper = Sleeper { sleep, deadline, flag };
                assert!(!sleeper.poll());
                list.push(sleeper);
            }
            2 if !list.is_empty() => drop(list.swap_remove(at)),
            3 if !list.is_empty() => {
                let deadline = clock.now() + span(which.wrapping_mul(7) % 256);
                list[at].sleep.as_mut().reset(deadline);
                list[at].deadline = deadline;
                assert!(!list[at].poll());
            }
            _ => clock.advance(span(which)),
        }
        let now = clock.now();
        for sleeper in &mut list {
            let is_due = sleeper.deadline <= now;
            assert_eq!(sleeper.flag.0.load(Relaxed), is_due, "woken");
            assert_eq!(sleeper.sleep.is_elapsed(), is_due);
        }
        list.retain_mut(|sleeper| {
            let is_due = sleeper.deadline <= now;
            assert!(!is_due || sleeper.poll(), "late");
            !is_due
        });
        assert_eq!(clock.waiting(), list.len());
    }
}
