//! What is done to wakers: when they are cloned, woken and dropped, and that they may do anything.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::Waker,
};

use selvedge::sync::{Acquire, Mutex, Semaphore};

use crate::harness::{Meddler, PollWith, Spy, Touch, Watched, growth, panics, poll, ready};

fn line(semaphore: &Semaphore, n: usize) -> (Watched, Vec<Pin<Box<Acquire<'_>>>>) {
    let watched = Watched::new();
    let mut all: Vec<_> = (0..n).map(|_| Box::pin(semaphore.acquire())).collect();
    for acquire in &mut all {
        assert!(watched.poll(acquire.as_mut()).is_pending());
    }
    (watched, all)
}

fn panicking() -> Waker {
    Meddler::waker(|| panic!("on purpose"), || ())
}

/// Semantics 14.
#[test]
fn a_waker_is_cloned_once_a_wait() {
    for mutex in [Mutex::new(()), Mutex::fair(())] {
        let held = mutex.try_lock().unwrap();
        let (spy, waker) = Spy::new(|_| ());
        let mut lock = Box::pin(mutex.lock());
        for _ in 0..1000 {
            assert!(lock.as_mut().poll_with(&waker).is_pending());
        }
        assert_eq!(spy.seen(), [1, 0, 0]);
        drop(held);
        assert_eq!(spy.seen(), [1, 1, 0]);
        drop(ready(lock.as_mut()));
    }
    let semaphore = Semaphore::new(0);
    let (spy, waker) = Spy::new(|_| ());
    let mut acquire = Box::pin(semaphore.acquire());
    for _ in 0..1000 {
        assert!(acquire.as_mut().poll_with(&waker).is_pending());
    }
    assert_eq!(spy.seen(), [1, 0, 0]);
    drop(acquire);
    assert_eq!(spy.seen(), [1, 0, 1]);
}

#[test]
fn whoever_need_not_wait_clones_no_waker() {
    let (spy, waker) = Spy::new(|_| ());
    let (mutex, semaphore) = (Arc::new(Mutex::new(())), Arc::new(Semaphore::new(1)));
    let grown = growth(|| {
        assert!(std::pin::pin!(mutex.lock()).poll_with(&waker).is_ready());
        assert!(std::pin::pin!(mutex.clone().lock_owned()).poll_with(&waker).is_ready());
        assert!(std::pin::pin!(semaphore.acquire()).poll_with(&waker).is_ready());
        assert!(std::pin::pin!(semaphore.clone().acquire_owned()).poll_with(&waker).is_ready());
    });
    assert_eq!((grown, spy.seen()), (0, [0, 0, 0]));
}

#[test]
fn a_waiter_that_moves_is_woken_where_it_is() {
    let semaphore = Semaphore::new(0);
    let (old, new) = (Watched::new(), Watched::new());
    let mut acquire = Box::pin(semaphore.acquire());
    assert!(old.poll(acquire.as_mut()).is_pending());
    assert!(new.poll(acquire.as_mut()).is_pending());
    assert_eq!((old.kept(), new.kept()), (0, 1));
    semaphore.add_permits(1);
    assert_eq!((old.woken(), new.woken(), new.kept()), (0, 1, 0));
}

/// A called waiter that looks in vain leaves the waker of that look.
#[test]
fn a_called_waiter_that_looks_in_vain_is_woken_again() {
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let (first, second) = (Watched::new(), Watched::new());
    let mut lock = Box::pin(mutex.lock());
    assert!(first.poll(lock.as_mut()).is_pending());
    drop(held);
    let held = mutex.try_lock().unwrap();
    assert!(second.poll(lock.as_mut()).is_pending());
    assert_eq!((first.woken(), first.kept(), second.kept()), (1, 0, 1));
    drop(held);
    assert_eq!((first.woken(), second.woken()), (1, 1));
    drop(ready(lock.as_mut()));
}

/// Each touch of a waker lines up, gives back and looks: none happens in a lock.
#[test]
fn a_waker_may_use_the_semaphore_whenever_it_is_touched() {
    for stop in [Touch::Clone, Touch::Wake, Touch::Drop] {
        let semaphore = Arc::new(Semaphore::new(0));
        let inside = semaphore.clone();
        let (spy, waker) = Spy::new(move |touch| {
            let mut passing = Box::pin(inside.acquire_many(2));
            assert_eq!(poll(passing.as_mut()).is_ready(), inside.is_closed());
            drop(passing);
            let _ = (inside.statistics(), inside.try_acquire().is_ok(), format!("{inside:?}"));
            if touch == stop {
                inside.close();
            }
        });
        let mut acquire = Box::pin(semaphore.acquire());
        let first = acquire.as_mut().poll_with(&waker);
        assert_eq!(first.is_ready(), stop == Touch::Clone, "closed before it could line up");
        if stop == Touch::Wake {
            semaphore.add_permits(1);
            assert!(ready(acquire.as_mut()).is_ok(), "granted before it was woken");
        }
        drop((acquire, waker));
        assert!(semaphore.is_closed());
        assert_eq!((semaphore.waiters(), Arc::strong_count(&spy)), (0, 1));
    }
}

/// The future that replaced its waker stands in line, whatever the old one does when it goes.
#[test]
fn an_old_waker_that_panics_when_dropped_costs_no_place() {
    for mutex in [Mutex::new(()), Mutex::fair(())] {
        let held = mutex.try_lock().unwrap();
        let mut lock = Box::pin(mutex.lock());
        let old = Meddler::waker(|| (), || panic!("on purpose"));
        assert!(lock.as_mut().poll_with(&old).is_pending());
        std::mem::drop(old);
        let new = Watched::new();
        assert!(panics(|| drop(new.poll(lock.as_mut()))));
        assert_eq!((mutex.statistics().waiting, new.kept()), (1, 1));
        drop(held);
        assert_eq!(new.woken(), 1);
        drop(ready(lock.as_mut()));
        assert!(mutex.try_lock().is_ok());
    }
}

/// Leaving comes first, then the waker goes.
#[test]
fn a_waker_that_panics_when_its_waiter_leaves_costs_no_turn() {
    let semaphore = Semaphore::new(0);
    let mut first = Box::pin(semaphore.acquire());
    let waker = Meddler::waker(|| (), || panic!("on purpose"));
    assert!(first.as_mut().poll_with(&waker).is_pending());
    drop(waker);
    let (watched, mut others) = line(&semaphore, 1);
    assert!(panics(|| drop(first)));
    assert_eq!(semaphore.waiters(), 1);
    semaphore.add_permits(1);
    assert_eq!(watched.woken(), 1);
    assert!(ready(others[0].as_mut()).is_ok());
}

/// Around the sizes at which wake-ups leave in batches.
#[test]
fn any_number_is_woken_by_one_call() {
    for n in [1, 31, 32, 33, 64, 65, 200] {
        let semaphore = Semaphore::new(0);
        let (watched, all) = line(&semaphore, n);
        semaphore.add_permits(n);
        assert_eq!((watched.woken(), watched.kept(), semaphore.waiters()), (n, 0, 0));
        drop(all);
        assert_eq!(semaphore.available_permits(), n);

        let semaphore = Semaphore::new(0);
        let (watched, mut all) = line(&semaphore, n);
        semaphore.close();
        assert_eq!((watched.woken(), watched.kept(), semaphore.waiters()), (n, 0, 0));
        assert!(all.iter_mut().all(|acquire| ready(acquire.as_mut()).is_err()));

        // Semantics 27.
        let semaphore = Semaphore::new(n);
        let mut heavy = Box::pin(semaphore.acquire_many(u32::MAX));
        assert!(poll(heavy.as_mut()).is_pending());
        let (watched, _all) = line(&semaphore, n);
        drop(heavy);
        assert_eq!((watched.woken(), watched.kept(), semaphore.waiters()), (n, 0, 0));
    }
}

/// In each place of a batch, and of the one behind it.
#[test]
fn a_waker_that_panics_in_a_batch_costs_the_others_nothing() {
    for place in [0, 1, 31, 32, 40, 63, 64, 79] {
        for by_close in [false, true] {
            let semaphore = Semaphore::new(0);
            let (before, _front) = line(&semaphore, place);
            let mut bad = Box::pin(semaphore.acquire());
            assert!(bad.as_mut().poll_with(&panicking()).is_pending());
            let (behind, _back) = line(&semaphore, 79 - place);
            let wake = || if by_close { semaphore.close() } else { semaphore.add_permits(80) };
            assert!(panics(wake), "the panic reaches the caller");
            assert_eq!((before.woken(), behind.woken()), (place, 79 - place));
            assert_eq!(ready(bad.as_mut()).is_err(), by_close, "it has its answer all the same");
        }
    }
}

#[test]
fn two_wakers_that_panic_are_one_panic() {
    let semaphore = Semaphore::new(0);
    let mut bad: Vec<_> = (0..70).map(|_| Box::pin(semaphore.acquire())).collect();
    for acquire in &mut bad {
        assert!(acquire.as_mut().poll_with(&panicking()).is_pending());
    }
    let (watched, _good) = line(&semaphore, 3);
    assert!(panics(|| semaphore.add_permits(73)));
    assert_eq!((watched.woken(), semaphore.waiters()), (3, 0));
}

/// Semantics 4 and 10: the one that is woken by a leaver panics; the mutex is its own all the same.
#[test]
fn a_leaver_passes_the_turn_on_to_a_waker_that_panics() {
    for mutex in [Mutex::new(()), Mutex::fair(())] {
        let held = mutex.try_lock().unwrap();
        let (mut first, mut second) = (Box::pin(mutex.lock()), Box::pin(mutex.lock()));
        assert!(poll(first.as_mut()).is_pending());
        assert!(second.as_mut().poll_with(&panicking()).is_pending());
        drop(held);
        assert!(panics(|| drop(first)));
        drop(ready(second.as_mut()));
        assert!(mutex.try_lock().is_ok());
    }
}

/// A called waiter that gets the mutex drops the clone of that look; if that panics, it is out of
/// line once and for all, and the turn goes on.
#[test]
fn a_waker_that_panics_when_spared_costs_neither_the_line_nor_the_turn() {
    let mutex = Mutex::new(());
    let held = mutex.try_lock().unwrap();
    let mut called = Box::pin(mutex.lock());
    assert!(poll(called.as_mut()).is_pending());
    drop(held);
    let once = AtomicBool::new(true);
    let (_spy, waker) = Spy::new(move |touch| {
        assert!(touch != Touch::Drop || !once.swap(false, SeqCst), "on purpose");
    });
    assert!(panics(|| drop(called.as_mut().poll_with(&waker))));
    let held = mutex.try_lock().expect("the turn was given back");
    let watched = Watched::new();
    let mut next = Box::pin(mutex.lock());
    assert!(watched.poll(next.as_mut()).is_pending());
    drop(called);
    assert_eq!(mutex.statistics().waiting, 1, "it left the line twice");
    drop(held);
    assert_eq!(watched.woken(), 1);
    drop(ready(next.as_mut()));
}

/// Semantics 1 and 27.
#[test]
fn a_leaver_drops_its_waker_though_one_that_it_wakes_panics() {
    let semaphore = Semaphore::new(1);
    let watched = Watched::new();
    let mut heavy = Box::pin(semaphore.acquire_many(2));
    assert!(watched.poll(heavy.as_mut()).is_pending());
    let mut light = Box::pin(semaphore.acquire());
    assert!(light.as_mut().poll_with(&panicking()).is_pending());
    assert!(panics(|| drop(heavy)));
    assert_eq!((watched.kept(), semaphore.waiters()), (0, 0));
    assert!(ready(light.as_mut()).is_ok());
}
