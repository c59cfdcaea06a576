//! `DelayQueue`, and so the wheel, against a list: what is due comes out in order of deadlines.

use std::{
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use selvedge::time::{DelayQueue, VirtualClock, delay_queue::Key};

use crate::steps;

/// From a tick to a year, by powers of two: every level of the wheel, and its edges.
pub(crate) fn span(which: usize) -> Duration {
    let base = 1_u64 << (which / 8);
    Duration::from_millis(base + base * (which as u64 % 8) / 8)
}

/// # Panics
///
/// If the queue differs from the oracle.
pub fn delays(bytes: &[u8]) {
    let clock = VirtualClock::new();
    let mut queue = DelayQueue::new_on(&clock);
    let mut list: Vec<(Instant, u64, Key)> = Vec::new();
    let now = || selvedge::time::Timer::now(&clock);
    let mut next = 0;
    for (what, which) in steps(bytes) {
        let at = which % list.len().max(1);
        match what % 7 {
            0 | 1 => {
                next += 1;
                let deadline = now() + span(which);
                let key = queue.insert_at(next, deadline);
                list.push((deadline, next, key));
            }
            2 if !list.is_empty() => {
                let (deadline, value, key) = list.swap_remove(at);
                assert_eq!(queue.deadline(&key), deadline);
                assert_eq!(queue.remove(&key).into_inner(), value);
                assert!(queue.try_remove(&key).is_none());
            }
            3 if !list.is_empty() => {
                let deadline = now() + span(which.wrapping_mul(7) % 256);
                queue.reset_at(&list[at].2, deadline);
                list[at].0 = deadline;
            }
            4 if which > 250 => {
                queue.clear();
                list.clear();
            }
            4 | 5 => clock.advance(span(which)),
            _ => take(&mut queue, &mut list, now()),
        }
        assert_eq!(queue.len(), list.len());
        let first = list.iter().map(|(deadline, ..)| *deadline).min();
        assert_eq!(queue.peek().map(|key| queue.deadline(&key)), first);
    }
    while !list.is_empty() {
        clock.advance(Duration::from_secs(24 * 3600 * 365));
        take(&mut queue, &mut list, now());
    }
    assert!(queue.is_empty());
}

/// Takes out what is due.
fn take(
    queue: &mut DelayQueue<u64, &VirtualClock>,
    list: &mut Vec<(Instant, u64, Key)>,
    now: Instant,
) {
    loop {
        let first = list.iter().map(|(deadline, ..)| *deadline).min();
        match queue.poll_expired(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Some(due)) => {
                assert_eq!(Some(due.deadline()), first, "out of order");
                assert!(due.deadline() <= now, "early");
                let at = list.iter().position(|(_, value, _)| value == due.get_ref());
                let (deadline, ..) = list.swap_remove(at.expect("it was put in"));
                assert_eq!(deadline, due.deadline());
            }
            Poll::Ready(None) => return assert!(list.is_empty()),
            Poll::Pending => return assert!(first.is_some_and(|first| first > now), "late"),
        }
    }
}
