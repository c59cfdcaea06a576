//! What must hold of a mutex in every interleaving.

use std::sync::Arc;

use selvedge::sync::{Mutex, MutexGuard};

use crate::runner::{block_on, block_on_moved, check, poll_and_cancel, spawn};

/// Both policies: bounded barging, and strict hand-over.
fn each_policy(preemptions: usize, model: impl Fn(Arc<Mutex<i32>>) + Copy + Send + Sync + 'static) {
    check(preemptions, move || model(Arc::new(Mutex::new(0))));
    check(preemptions, move || model(Arc::new(Mutex::fair(0))));
}

/// Two tasks never hold the value at once.
///
/// Red when: the CAS of `try_take`, `give_back`, `overtake`, `release` or `admit` is Relaxed, or a
/// turn is given back before its token ends.
#[test]
fn excludes() {
    each_policy(3, |mutex| {
        let other = spawn({
            let mutex = mutex.clone();
            move || {
                *block_on(mutex.lock()) += 1;
                *block_on(mutex.lock()) += 1;
            }
        });
        *block_on(mutex.lock()) += 1;
        *block_on(mutex.lock()) += 1;
        other.join().unwrap();
        assert_eq!(*mutex.try_lock().unwrap(), 4);
    });
}

/// Three tasks all get it, and the mutex is free in the end.
///
/// Red when: a called head is forgotten, `WAITERS` is lost, or a hand-over loses its waker.
#[test]
fn serves_three() {
    each_policy(2, |mutex| {
        let others = [(); 2].map(|()| {
            let mutex = mutex.clone();
            spawn(move || *block_on(mutex.lock()) += 1)
        });
        *block_on(mutex.lock()) += 1;
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(*mutex.try_lock().unwrap(), 3);
    });
}

/// A cancelled waiter passes on the call, or the turn, that it was given.
///
/// Red when: mutant "no re-grant on cancel" (fair) or "a call is not passed on".
#[test]
fn cancelled_waiter_passes_its_turn_on() {
    each_policy(3, |mutex| {
        let held = mutex.try_lock().unwrap();
        let quitter = spawn({
            let mutex = mutex.clone();
            move || drop(poll_and_cancel(mutex.lock()))
        });
        let stayer = spawn({
            let mutex = mutex.clone();
            move || drop(block_on(mutex.clone().lock_owned()))
        });
        drop(held);
        quitter.join().unwrap();
        stayer.join().unwrap();
        assert!(mutex.try_lock().is_ok());
    });
}

/// A waiter that moves to another task is woken there.
///
/// Red when: mutant "the waker is not replaced".
#[test]
fn a_moved_waiter_is_woken_where_it_is() {
    each_policy(3, |mutex| {
        let held = mutex.try_lock().unwrap();
        let mover = spawn({
            let mutex = mutex.clone();
            move || *block_on_moved(mutex.lock()) += 1
        });
        drop(held);
        mover.join().unwrap();
        assert_eq!(*mutex.try_lock().unwrap(), 1);
    });
}

/// Whoever takes the mutex without waiting sees what the last holder wrote.
///
/// Red when: the CAS of `try_take` or `give_back` is Relaxed.
#[test]
fn try_lock_sees_the_last_holder() {
    each_policy(3, |mutex| {
        let bump = |mutex: &Mutex<i32>| mutex.try_lock().map(|mut value| *value += 1);
        let other = spawn({
            let mutex = mutex.clone();
            move || bump(&mutex).is_ok()
        });
        let here = bump(&mutex).is_ok();
        let there = other.join().unwrap();
        assert!(here || there);
        assert_eq!(*mutex.try_lock().unwrap(), i32::from(here) + i32::from(there));
    });
}

/// A release through the line, left empty by a waiter that cancelled, publishes as well.
///
/// Red when: the CAS of `release` or the store of `pass_on` is Relaxed.
#[test]
fn a_release_after_a_cancel_publishes() {
    each_policy(3, |mutex| {
        let mut held = mutex.try_lock().unwrap();
        let quitter = spawn({
            let mutex = mutex.clone();
            move || poll_and_cancel(mutex.lock()).map(|value| *value)
        });
        let other = spawn({
            let mutex = mutex.clone();
            move || mutex.try_lock().ok().map(|value| *value)
        });
        *held = 1;
        drop(held);
        assert_ne!(quitter.join().unwrap(), Some(0));
        assert_ne!(other.join().unwrap(), Some(0));
    });
}

/// Those who overtake a called waiter exclude each other, and it gets its turn in the end.
///
/// Red when: the CAS of `overtake` or of `release` is Relaxed.
#[test]
fn overtakers_exclude_each_other() {
    check(2, || {
        let mutex = Arc::new(Mutex::new(0));
        let held = mutex.try_lock().unwrap();
        let waiter = spawn({
            let mutex = mutex.clone();
            move || *block_on(mutex.lock()) += 1
        });
        let overtaker = spawn({
            let mutex = mutex.clone();
            move || mutex.try_lock().map(|mut value| *value += 1).is_ok()
        });
        drop(held);
        let here = mutex.try_lock().map(|mut value| *value += 1).is_ok();
        waiter.join().unwrap();
        let there = overtaker.join().unwrap();
        let count = mutex.try_lock().map(|value| *value).unwrap();
        assert_eq!(count, 1 + i32::from(here) + i32::from(there));
    });
}

/// A guard for a part of the value keeps the whole of it.
///
/// Red when: `map` gives the turn back.
#[test]
fn a_mapped_guard_excludes() {
    check(3, || {
        let mutex = Arc::new(Mutex::new((0, 0)));
        let other = spawn({
            let mutex = mutex.clone();
            move || *MutexGuard::map(block_on(mutex.lock()), |pair| &mut pair.1) += 1
        });
        *MutexGuard::map(block_on(mutex.lock()), |pair| &mut pair.1) += 1;
        other.join().unwrap();
        assert_eq!(mutex.try_lock().unwrap().1, 2);
    });
}
