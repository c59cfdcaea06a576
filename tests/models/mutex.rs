//! What must hold of a mutex in every interleaving.

use std::sync::Arc;

use selvedge::{
    model::Design,
    sync::{Mutex, MutexGuard},
};

use crate::runner::{design, moved};

/// Both policies: bounded barging, and strict hand-over.
fn each_policy(
    preemptions: usize,
    model: impl Fn(&mut Design, Arc<Mutex<i32>>) + Copy + Send + Sync + 'static,
) {
    design(preemptions, move |d| model(d, Arc::new(Mutex::new(0))));
    design(preemptions, move |d| model(d, Arc::new(Mutex::fair(0))));
}

/// Two tasks never hold the value at once.
///
/// Red when: the CAS of `try_take`, `give_back`, `overtake`, `release` or `admit` is Relaxed, or a
/// turn is given back before its token ends.
#[test]
fn excludes() {
    each_policy(3, |d, mutex| {
        for name in ["one", "two"] {
            let mutex = mutex.clone();
            d.task(name, async move {
                *mutex.lock().await += 1;
                *mutex.lock().await += 1;
            });
        }
        d.after(move || assert_eq!(*mutex.try_lock().unwrap(), 4));
    });
}

/// Three tasks all get it, and the mutex is free in the end.
///
/// Red when: a called head is forgotten, `WAITERS` is lost, or a hand-over loses its waker.
#[test]
fn serves_three() {
    each_policy(2, |d, mutex| {
        for name in ["one", "two", "three"] {
            let mutex = mutex.clone();
            d.task(name, async move { *mutex.lock().await += 1 });
        }
        d.after(move || assert_eq!(*mutex.try_lock().unwrap(), 3));
    });
}

/// A cancelled waiter passes on the call, or the turn, that it was given.
///
/// Red when: mutant "no re-grant on cancel" (fair) or "a call is not passed on".
#[test]
fn cancelled_waiter_passes_its_turn_on() {
    each_policy(3, |d, mutex| {
        let held = mutex.clone().try_lock_owned().unwrap();
        let (quitter, stayer) = (mutex.clone(), mutex.clone());
        d.thread("holder", move || drop(held));
        d.cancellable("quitter", async move { drop(quitter.lock().await) });
        d.task("stayer", async move { drop(stayer.lock_owned().await) });
        d.after(move || assert!(mutex.try_lock().is_ok()));
    });
}

/// A waiter that moves to another task is woken there.
///
/// Red when: mutant "the waker is not replaced".
#[test]
fn a_moved_waiter_is_woken_where_it_is() {
    each_policy(3, |d, mutex| {
        let held = mutex.clone().try_lock_owned().unwrap();
        let mover = mutex.clone();
        d.thread("holder", move || drop(held));
        d.task("mover", async move { *moved(mover.lock()).await += 1 });
        d.after(move || assert_eq!(*mutex.try_lock().unwrap(), 1));
    });
}

/// Whoever takes the mutex without waiting sees what the last holder wrote.
///
/// Red when: the CAS of `try_take` or `give_back` is Relaxed.
#[test]
fn try_lock_sees_the_last_holder() {
    each_policy(3, |d, mutex| {
        let taken = Arc::new(Mutex::new(0));
        for name in ["one", "two"] {
            let (mutex, taken) = (mutex.clone(), taken.clone());
            d.task(name, async move {
                if mutex.try_lock().map(|mut value| *value += 1).is_ok() {
                    *taken.lock().await += 1;
                }
            });
        }
        d.after(move || {
            let taken = *taken.try_lock().unwrap();
            assert!(taken > 0);
            assert_eq!(*mutex.try_lock().unwrap(), taken);
        });
    });
}

/// A release through the line, left empty by a waiter that cancelled, publishes as well.
///
/// Red when: the CAS of `release` or the store of `pass_on` is Relaxed.
#[test]
fn a_release_after_a_cancel_publishes() {
    each_policy(3, |d, mutex| {
        let mut held = mutex.clone().try_lock_owned().unwrap();
        let quitter = mutex.clone();
        d.thread("holder", move || {
            *held = 1;
            drop(held);
        });
        d.cancellable("quitter", async move { assert_eq!(*quitter.lock().await, 1) });
        d.task("other", async move {
            if let Ok(value) = mutex.try_lock() {
                assert_eq!(*value, 1);
            }
        });
    });
}

/// Those who overtake a called waiter exclude each other, and it gets its turn in the end.
///
/// Red when: the CAS of `overtake` or of `release` is Relaxed.
#[test]
fn overtakers_exclude_each_other() {
    design(2, |d| {
        let mutex = Arc::new(Mutex::new(0));
        let held = mutex.clone().try_lock_owned().unwrap();
        let (waiter, overtaker, holder) = (mutex.clone(), mutex.clone(), mutex.clone());
        d.thread("holder", move || {
            drop(held);
            let _ = holder.try_lock().map(|mut value| *value += 1);
        });
        d.task("waiter", async move { *waiter.lock().await += 10 });
        d.task("overtaker", async move {
            let _ = overtaker.try_lock().map(|mut value| *value += 1);
        });
        d.after(move || assert!((10..=12).contains(&*mutex.try_lock().unwrap())));
    });
}

/// A guard for a part of the value keeps the whole of it.
///
/// Red when: `map` gives the turn back.
#[test]
fn a_mapped_guard_excludes() {
    design(3, |d| {
        let mutex = Arc::new(Mutex::new((0, 0)));
        for name in ["one", "two"] {
            let mutex = mutex.clone();
            d.task(name, async move {
                *MutexGuard::map(mutex.lock().await, |pair| &mut pair.1) += 1;
            });
        }
        d.after(move || assert_eq!(mutex.try_lock().unwrap().1, 2));
    });
}
