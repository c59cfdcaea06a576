//! Whose turn it is: the order of the line, and how often it may be overtaken.

use std::pin::pin;

use selvedge::sync::Mutex;

use super::each;
use crate::harness::{Watched, poll, ready};

/// Semantics 7.
#[test]
fn a_fair_mutex_serves_in_order_through_many_rounds() {
    let mutex = Mutex::fair(());
    let mut held = Some(mutex.try_lock().unwrap());
    let mut line: std::collections::VecDeque<_> =
        (0..5).map(|who| (who, Box::pin(mutex.lock()))).collect();
    for (_, lock) in &mut line {
        assert!(poll(lock.as_mut()).is_pending());
    }
    for round in 0..25 {
        drop(held.take());
        let (who, mut lock) = line.pop_front().unwrap();
        assert_eq!(who, round % 5);
        for (_, other) in &mut line {
            assert!(poll(other.as_mut()).is_pending());
        }
        held = Some(ready(lock.as_mut()));
        // It locks again at once, and goes to the end.
        let mut again = Box::pin(mutex.lock());
        assert!(poll(again.as_mut()).is_pending());
        line.push_back((who, again));
    }
}

/// Semantics 8.
#[test]
fn nobody_overtakes_in_front_of_a_fair_mutex() {
    let mutex = Mutex::fair(());
    let held = mutex.try_lock().unwrap();
    let mut next = pin!(mutex.lock());
    assert!(poll(next.as_mut()).is_pending());
    drop(held);
    assert!(mutex.try_lock().is_err());
    assert!(poll(pin!(mutex.lock()).as_mut()).is_pending());
    drop(ready(next.as_mut()));
    assert!(mutex.try_lock().is_ok());
}

/// Semantics 8, for the default mutex: 32 may overtake in a row, and no more.
#[test]
fn a_line_is_overtaken_32_times_at_most() {
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let watched = Watched::new();
    let mut next = pin!(mutex.lock());
    assert!(watched.poll(next.as_mut()).is_pending());
    drop(held);
    let overtakers = (0..).take_while(|_| mutex.try_lock().map(drop).is_ok()).count();
    assert_eq!(overtakers, 32);
    assert_eq!(watched.woken(), 1, "it was called once, and handed the mutex in its sleep");
    drop(ready(next.as_mut()));
    assert!(mutex.try_lock().is_ok());
}

/// How many get a free mutex by `try_lock`, one after another, before it is refused.
fn overtakers(mutex: &Mutex<i32>) -> usize {
    (0..).take_while(|_| mutex.try_lock().map(drop).is_ok()).count()
}

/// Semantics 8: each head of a line has its own 32.
#[test]
fn overtaking_starts_anew_once_the_head_was_served() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let mut line: Vec<_> = (0..3).map(|_| Box::pin(mutex.lock())).collect();
    for lock in &mut line {
        assert!(poll(lock.as_mut()).is_pending());
    }
    drop(held);
    for lock in &mut line {
        assert_eq!(overtakers(&mutex), 32);
        drop(ready(lock.as_mut()));
    }
    // The same where the head looks in time, and takes what was not handed to it.
    let held = mutex.try_lock().unwrap();
    for lock in &mut line {
        lock.set(mutex.lock());
        assert!(poll(lock.as_mut()).is_pending());
    }
    drop(held);
    for lock in &mut line {
        assert!((0..20).all(|_| mutex.try_lock().is_ok()));
        drop(ready(lock.as_mut()));
    }
    assert_eq!(mutex.statistics().waiting, 0);
    assert!((0..100).all(|_| mutex.try_lock().is_ok()), "nobody is overtaken any more");
}

/// Semantics 8: the whole line is overtaken 32 times in a row, whoever is its head.
#[test]
fn a_head_that_cancels_does_not_grant_overtakers_more() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let (mut first, mut second) = (Box::pin(mutex.lock()), Box::pin(mutex.lock()));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    drop(held);
    assert!((0..20).all(|_| mutex.try_lock().is_ok()));
    drop(first);
    assert_eq!(overtakers(&mutex), 12);
    drop(ready(second.as_mut()));
}

/// Semantics 7: without overtakers, the default mutex serves in order as well.
#[test]
fn a_line_is_served_in_order_of_first_poll() {
    each(|mutex| {
        let mut held = Some(mutex.try_lock().unwrap());
        let mut late = Box::pin(mutex.lock());
        let mut line: Vec<_> = (0..4).map(|_| Box::pin(mutex.lock())).collect();
        for lock in &mut line {
            assert!(poll(lock.as_mut()).is_pending());
        }
        assert!(poll(late.as_mut()).is_pending());
        line.push(late);
        for at in 0..line.len() {
            drop(held.take());
            for other in &mut line[at + 1..] {
                assert!(poll(other.as_mut()).is_pending());
            }
            held = Some(ready(line[at].as_mut()));
        }
    });
}

/// A waiter that is called four times in vain is handed the mutex by the next release.
#[test]
fn whoever_looks_in_vain_four_times_is_served_next() {
    let mutex = Mutex::new(());
    let mut held = mutex.try_lock().unwrap();
    let mut next = pin!(mutex.lock());
    assert!(poll(next.as_mut()).is_pending());
    for _ in 0..4 {
        drop(held);
        held = mutex.try_lock().expect("the head is called, the mutex is free");
        assert!(poll(next.as_mut()).is_pending());
    }
    drop(held);
    assert!(mutex.try_lock().is_err());
    drop(ready(next.as_mut()));
}

#[test]
fn a_forgotten_waiter_holds_up_nobody_in_front_of_it() {
    let mutex = Box::leak(Box::new(Mutex::new(())));
    let held = mutex.try_lock().unwrap();
    let mut first = Box::pin(mutex.lock());
    assert!(poll(first.as_mut()).is_pending());
    let mut forgotten = Box::pin(mutex.lock());
    assert!(poll(forgotten.as_mut()).is_pending());
    std::mem::forget(forgotten);
    drop(held);
    drop(ready(first.as_mut()));
}
