//! Who is called, who overtakes, and who is handed the lock.

use std::pin::pin;

use selvedge::sync::RwLock;

use super::{each, how_many_are_ready, seen};
use crate::harness::{Meddler, PollWith, Watched, panics, poll, ready};

/// Semantics 4 and 5: a run that was called, and cancels one by one.
#[test]
fn a_called_run_that_cancels_lets_the_writer_behind_in() {
    each(|lock| {
        let held = lock.try_write().unwrap();
        let mut readers: Vec<_> = (0..3).map(|_| Box::pin(lock.read())).collect();
        for reader in &mut readers {
            assert!(poll(reader.as_mut()).is_pending());
        }
        let watched = Watched::new();
        let mut writer = pin!(lock.write());
        assert!(watched.poll(writer.as_mut()).is_pending());
        drop(held);
        while let Some(reader) = readers.pop() {
            assert_eq!(watched.woken(), 0);
            drop(reader);
        }
        assert_eq!(watched.woken(), 1);
        drop(ready(writer.as_mut()));
        assert!(lock.try_write().is_ok());
    });
}

/// Semantics 7 and 8.
#[test]
fn nobody_overtakes_in_front_of_a_fair_lock() {
    let lock = RwLock::fair(0);
    let held = lock.try_write().unwrap();
    let mut reader = pin!(lock.read());
    let mut writer = pin!(lock.write());
    assert!(poll(reader.as_mut()).is_pending());
    assert!(poll(writer.as_mut()).is_pending());
    drop(held);
    assert!(lock.try_read().is_err() && lock.try_write().is_err());
    let guard = ready(reader.as_mut());
    assert!(lock.try_read().is_err());
    drop(guard);
    assert!(lock.try_read().is_err() && lock.try_write().is_err());
    drop(ready(writer.as_mut()));
    assert!(lock.try_write().is_ok());
}

/// Semantics 8, for the default lock: 32 may overtake in a row, and no more, whoever waits.
#[test]
fn a_line_is_overtaken_32_times_at_most() {
    fn overtakers(lock: &RwLock<i32>) -> usize {
        let take = |at: usize| match at {
            0..10 => lock.try_read().is_ok(),
            10..20 => lock.try_upgradable_read().is_ok(),
            _ => lock.try_write().is_ok(),
        };
        (0..).take_while(|at| take(*at)).count()
    }

    let lock = RwLock::new(0);
    let held = lock.try_write().unwrap();
    let watched = Watched::new();
    let (mut writer, mut one, mut two) = (pin!(lock.write()), pin!(lock.read()), pin!(lock.read()));
    assert!(watched.poll(writer.as_mut()).is_pending());
    assert!(watched.poll(one.as_mut()).is_pending());
    assert!(watched.poll(two.as_mut()).is_pending());
    drop(held);
    assert_eq!((overtakers(&lock), watched.woken()), (32, 1));
    drop(ready(writer.as_mut()));
    assert_eq!(watched.woken(), 3);
    assert_eq!((overtakers(&lock), watched.woken()), (32, 3));
    assert!(lock.try_write().is_err(), "both readers have been handed the lock");
    drop((ready(one.as_mut()), ready(two.as_mut())));
    assert_eq!(seen(&lock), (0, false, false, 0));
    assert!((0..100).all(|_| lock.try_write().is_ok()), "nobody is overtaken any more");
}

/// A waiter that is called in vain is handed the lock by the next release, and so are the next 31.
#[test]
fn a_look_in_vain_has_the_lock_handed_over_for_a_while() {
    let lock = RwLock::new(0);
    let mut held = lock.try_write().unwrap();
    let mut next = Box::pin(lock.write());
    assert!(poll(next.as_mut()).is_pending());
    for _ in 0..2 {
        drop(held);
        held = lock.try_write().expect("the head is called, the lock is free");
        assert!(poll(next.as_mut()).is_pending());
        for _ in 0..32 {
            let mut behind = Box::pin(lock.write());
            assert!(poll(behind.as_mut()).is_pending());
            drop(held);
            assert!(lock.try_write().is_err(), "the lock is handed over");
            held = ready(next.as_mut());
            next = behind;
        }
    }
    drop(held);
    assert!(lock.try_write().is_ok(), "the head is called again");
    drop(ready(next.as_mut()));
}

/// Neither starves: readers that overlap for ever let a writer in, and writers a reader.
#[test]
fn neither_readers_nor_writers_starve() {
    each(|lock| {
        let mut writer = pin!(lock.write());
        let mut reading = lock.try_read().ok();
        assert!(poll(writer.as_mut()).is_pending());
        let rounds = (0..100).take_while(|_| {
            let next = lock.try_read().ok();
            let overlaps = next.is_some();
            reading = next.or_else(|| reading.take());
            overlaps
        });
        assert_eq!(rounds.count(), 0, "it comes after the waiting writer");
        drop(reading);
        let writing = ready(writer.as_mut());
        let mut reader = pin!(lock.read());
        assert!(poll(reader.as_mut()).is_pending());
        drop(writing);
        let mut rounds = 0;
        while let Ok(writing) = lock.try_write() {
            assert!(poll(reader.as_mut()).is_pending());
            drop(writing);
            rounds += 1;
        }
        assert!(rounds <= 32);
        drop(ready(reader.as_mut()));
    });
}

/// Semantics 36: all at once, whatever fits a batch of wake-ups.
#[test]
fn a_released_writer_wakes_the_whole_run_of_readers() {
    for n in [1, 2, 31, 32, 33, 64, 65, 200] {
        each(|lock| {
            let held = lock.try_write().unwrap();
            let (run, behind) = (Watched::new(), Watched::new());
            let mut readers: Vec<_> = (0..n).map(|_| Box::pin(lock.read())).collect();
            for reader in &mut readers {
                assert!(run.poll(reader.as_mut()).is_pending());
            }
            let mut writer = Box::pin(lock.write());
            let mut late = Box::pin(lock.read());
            assert!(behind.poll(writer.as_mut()).is_pending());
            assert!(behind.poll(late.as_mut()).is_pending());
            drop(held);
            assert_eq!((run.woken(), behind.woken()), (n, 0));
            let guards = how_many_are_ready(&mut readers);
            assert_eq!(guards.len(), n);
            assert_eq!(seen(&lock), (n, false, false, 2));
            drop(guards);
            assert_eq!(behind.woken(), 1);
            drop(ready(writer.as_mut()));
            drop(ready(late.as_mut()));
            assert_eq!(seen(&lock), (0, false, false, 0));
        });
    }
}

/// Semantics 36, whoever of the run looks first.
#[test]
fn those_who_are_called_come_in_any_order() {
    for first in 0..4 {
        each(|lock| {
            let held = lock.try_write().unwrap();
            let mut readers: Vec<_> = (0..4).map(|_| Box::pin(lock.read())).collect();
            for reader in &mut readers {
                assert!(poll(reader.as_mut()).is_pending());
            }
            drop(held);
            let mut early = readers.remove(first);
            let guard = ready(early.as_mut());
            assert!(lock.try_write().is_err());
            let rest = how_many_are_ready(&mut readers);
            assert_eq!((rest.len(), seen(&lock)), (3, (4, false, false, 0)));
            drop((guard, rest));
            assert!(lock.try_write().is_ok());
        });
    }
}

/// A called reader that is let in wakes those of its run who rested; if that panics, it has left
/// the line once, and the turn goes on.
#[test]
fn a_waker_that_panics_under_a_look_costs_neither_the_line_nor_the_turn() {
    let lock = RwLock::new(0);
    let held = lock.try_write().unwrap();
    let (mut one, mut two) = (Box::pin(lock.read()), Box::pin(lock.read()));
    assert!(poll(one.as_mut()).is_pending());
    assert!(poll(two.as_mut()).is_pending());
    drop(held);
    let held = lock.try_write().unwrap();
    let bad = Meddler::waker(|| panic!("on purpose"), || ());
    assert!(two.as_mut().poll_with(&bad).is_pending(), "in vain: it rests behind the called head");
    drop(held);
    assert!(panics(|| drop(poll(one.as_mut()))));
    drop(one);
    drop(ready(two.as_mut()));
    assert_eq!(seen(&lock), (0, false, false, 0));
}
