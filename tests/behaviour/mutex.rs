//! A mutex, polled by hand.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use selvedge::sync::{MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard};

use crate::{
    harness::{Meddler, PollWith, Watched, allocations, panics, poll, ready},
    sweep::{Report, Swept, Waiting},
};

mod turns;

/// Both policies.
fn each(test: impl Fn(Mutex<i32>)) {
    test(Mutex::new(0));
    test(Mutex::fair(0));
}

/// Semantics 1.
#[test]
fn cancelling_leaves_nothing_behind() {
    each(|mutex| {
        let _held = mutex.try_lock().unwrap();
        let watched = Watched::new();
        {
            let mut lock = pin!(mutex.lock());
            assert!(watched.poll(lock.as_mut()).is_pending());
            assert_eq!((mutex.statistics().waiting, watched.kept()), (1, 1));
        }
        assert_eq!((mutex.statistics().waiting, watched.kept(), watched.woken()), (0, 0, 0));
    });
}

/// Semantics 2 and 6: whichever of release and cancel comes first.
#[test]
fn release_and_cancel_together_serve_the_next() {
    for cancel_first in [true, false] {
        each(|mutex| {
            let held = mutex.try_lock().unwrap();
            let watched = Watched::new();
            let mut c = pin!(mutex.lock());
            let mut b = Box::pin(mutex.lock());
            assert!(poll(b.as_mut()).is_pending());
            assert!(watched.poll(c.as_mut()).is_pending());
            if cancel_first {
                drop(b);
                drop(held);
            } else {
                drop(held);
                drop(b);
            }
            assert_eq!(watched.woken(), 1);
            assert!(watched.poll(c.as_mut()).is_ready());
        });
    }
}

/// Semantics 3.
#[test]
fn a_race_of_cancel_and_release_lets_one_in() {
    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        let mut first = Box::pin(mutex.lock());
        let (mut second, mut third) = (pin!(mutex.lock()), pin!(mutex.lock()));
        for lock in [first.as_mut(), second.as_mut(), third.as_mut()] {
            assert!(poll(lock).is_pending());
        }
        drop(held);
        drop(first);
        let guard = ready(second.as_mut());
        assert!(poll(third.as_mut()).is_pending());
        drop(guard);
        drop(ready(third.as_mut()));
    });
}

/// Semantics 4 and 5.
#[test]
fn a_woken_waiter_that_cancels_passes_it_on() {
    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        let (b_woken, c_woken) = (Watched::new(), Watched::new());
        let mut b = Box::pin(mutex.lock());
        let mut c = Box::pin(mutex.lock());
        assert!(b_woken.poll(b.as_mut()).is_pending());
        assert!(c_woken.poll(c.as_mut()).is_pending());
        drop(held);
        assert_eq!((b_woken.woken(), c_woken.woken()), (1, 0));
        drop(b);
        assert_eq!(c_woken.woken(), 1);
        drop(c);
        assert!(mutex.try_lock().is_ok());
        assert_eq!(mutex.statistics().waiting, 0);
    });
}

/// Semantics 9: four tasks that yield inside, stepped in turn.
#[test]
fn holders_that_yield_exclude_each_other() {
    each(|mutex| {
        let inside = AtomicUsize::new(0);
        let work = || async {
            for _ in 0..10 {
                let mut count = mutex.lock().await;
                assert_eq!(inside.fetch_add(1, SeqCst), 0);
                for _ in 0..3 {
                    futures_lite::future::yield_now().await;
                }
                *count += 1;
                inside.fetch_sub(1, SeqCst);
            }
        };
        let mut tasks: Vec<_> = (0..4).map(|_| Box::pin(work())).collect();
        while !tasks.is_empty() {
            tasks.retain_mut(|task| poll(task.as_mut()).is_pending());
        }
        assert_eq!(*mutex.try_lock().unwrap(), 40);
    });
}

/// Semantics 9 and 12: a holder that is cancelled at its yield inside lets the other finish.
#[test]
fn a_holder_cancelled_inside_lets_the_other_finish() {
    each(|mutex| {
        let work = || async {
            let mut count = mutex.lock().await;
            let before = *count;
            futures_lite::future::yield_now().await;
            *count = before + 1;
        };
        let mut first = Box::pin(work());
        let mut second = Box::pin(work());
        assert!(poll(first.as_mut()).is_pending());
        assert!(poll(second.as_mut()).is_pending());
        drop(first);
        assert!(poll(second.as_mut()).is_pending(), "it has the mutex, and yields");
        assert!(poll(second.as_mut()).is_ready());
        assert_eq!(*mutex.try_lock().unwrap(), 1);
    });
}

/// Semantics 10.
#[test]
fn a_panic_inside_gives_it_back() {
    each(|mutex| {
        let mut next = Box::pin(mutex.lock());
        assert!(panics(|| {
            let _held = mutex.try_lock().unwrap();
            assert!(poll(next.as_mut()).is_pending());
            panic!("on purpose");
        }));
        drop(ready(next.as_mut()));
    });
}

/// Semantics 11.
#[test]
fn try_lock_on_a_held_mutex_stands_in_no_line() {
    each(|mutex| {
        let _held = mutex.try_lock().unwrap();
        let error = mutex.try_lock().unwrap_err();
        assert_eq!(error.to_string(), "the lock is held");
        assert_eq!(mutex.statistics().waiting, 0);
    });
}

/// Semantics 13.
#[test]
fn statistics_follow() {
    each(|mutex| {
        assert!(!mutex.statistics().locked);
        let held = mutex.try_lock().unwrap();
        let mut locks: Vec<_> = (0..3).map(|_| Box::pin(mutex.lock())).collect();
        for (index, lock) in locks.iter_mut().enumerate() {
            assert!(poll(lock.as_mut()).is_pending());
            assert_eq!(mutex.statistics().waiting, index + 1);
        }
        assert!(mutex.statistics().locked);
        drop(locks);
        drop(held);
        let seen = mutex.statistics();
        assert_eq!((seen.locked, seen.waiting), (false, 0));
    });
}

/// Semantics 14.
#[test]
fn nobody_is_woken_while_nothing_happens() {
    each(|mutex| {
        let _held = mutex.try_lock().unwrap();
        let (one, two) = (Watched::new(), Watched::new());
        let (mut a, mut b) = (pin!(mutex.lock()), pin!(mutex.lock()));
        for _ in 0..100 {
            assert!(one.poll(a.as_mut()).is_pending());
            assert!(two.poll(b.as_mut()).is_pending());
        }
        assert_eq!((one.woken(), two.woken()), (0, 0));
        assert_eq!((one.kept(), two.kept()), (1, 1));
    });
}

#[test]
fn a_waiter_that_moves_is_woken_where_it_is() {
    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        let (old, new) = (Watched::new(), Watched::new());
        let mut lock = pin!(mutex.lock());
        assert!(old.poll(lock.as_mut()).is_pending());
        assert!(new.poll(lock.as_mut()).is_pending());
        assert_eq!((old.kept(), new.kept()), (0, 1));
        drop(held);
        assert_eq!((old.woken(), new.woken()), (0, 1));
        drop(ready(lock.as_mut()));
    });
}

#[test]
fn no_wait_allocates() {
    each(|mutex| {
        let held = mutex.try_lock().unwrap();
        let watched = Watched::new();
        let mut lock = pin!(mutex.lock());
        assert_eq!(allocations(|| assert!(watched.poll(lock.as_mut()).is_pending())), 0);
        assert_eq!(allocations(|| drop(held)), 0);
        assert_eq!(allocations(|| drop(watched.poll(lock.as_mut()))), 0);
    });
}

#[test]
fn a_waker_may_use_the_mutex_that_wakes_it() {
    let mutex = Arc::new(Mutex::new(0));
    let inner = mutex.clone();
    let looks = Arc::new(AtomicUsize::new(0));
    let (woken, dropped) = (looks.clone(), looks.clone());
    let dropper = mutex.clone();
    let waker = Meddler::waker(
        move || {
            drop(inner.try_lock());
            woken.fetch_add(1 + inner.statistics().waiting, SeqCst);
        },
        move || {
            drop(dropper.try_lock());
            dropped.fetch_add(100, SeqCst);
        },
    );
    let held = mutex.try_lock().unwrap();
    let mut lock = Box::pin(mutex.lock());
    assert!(lock.as_mut().poll_with(&waker).is_pending());
    drop(waker);
    drop(held);
    assert_eq!(looks.load(SeqCst), 102, "woken with one in line, then dropped");
    drop(lock);
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn a_waker_that_panics_costs_nobody_the_mutex() {
    let mutex = Mutex::new(0);
    let held = mutex.try_lock().unwrap();
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    let mut lock = Box::pin(mutex.lock());
    assert!(lock.as_mut().poll_with(&waker).is_pending());
    assert!(panics(|| drop(held)));
    drop(ready(lock.as_mut()));
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn polling_after_completion_panics() {
    let mutex = Mutex::new(());
    let mut lock = pin!(mutex.lock());
    drop(ready(lock.as_mut()));
    assert!(panics(|| drop(poll(lock.as_mut()))));
}

#[test]
fn guards_narrow_to_parts() {
    let mutex = Arc::new(Mutex::new((1, "x")));
    let mut part: MappedMutexGuard<'_, i32> =
        MutexGuard::map(mutex.try_lock().unwrap(), |pair| &mut pair.0);
    *part += 1;
    let part = MappedMutexGuard::try_map(part, |_| None::<&mut u8>).unwrap_err();
    assert!(mutex.try_lock().is_err());
    drop(part);

    let whole = mutex.clone().try_lock_owned().unwrap();
    assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&whole), &mutex));
    let mut part: OwnedMappedMutexGuard<(i32, &str), i32> =
        OwnedMutexGuard::map(whole, |pair| &mut pair.0);
    *part += 1;
    assert_eq!(format!("{part} {part:?}"), "3 3");
    assert!(panics(|| drop(OwnedMappedMutexGuard::map(part, |_| -> &mut u8 { panic!("so") }))));
    assert_eq!(mutex.try_lock().unwrap().0, 3);
}

#[test]
fn a_guard_knows_its_mutex() {
    let mutex = Mutex::new(1);
    let guard = mutex.try_lock().unwrap();
    assert!(std::ptr::eq(MutexGuard::mutex(&guard), &raw const mutex));
}

#[test]
fn debug_shows_the_value_or_that_it_is_locked() {
    let mutex = Mutex::new(5);
    assert_eq!(format!("{mutex:?}"), "Mutex { data: 5 }");
    let guard = mutex.try_lock().unwrap();
    assert_eq!(format!("{mutex:?} {guard:?} {guard}"), "Mutex { data: <locked> } 5 5");
}

#[test]
fn threads_wait_beside_tasks() {
    let mutex = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let mutex = mutex.clone();
            thread::spawn(move || {
                for _ in 0..500 {
                    match n % 2 {
                        0 => *mutex.blocking_lock() += 1,
                        _ => *mutex.clone().blocking_lock_owned() += 1,
                    }
                }
            })
        })
        .collect();
    pollster::block_on(async {
        for _ in 0..500 {
            *mutex.lock().await += 1;
        }
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*mutex.blocking_lock(), 2500);
}

/// A mutex that is held by a guard which can be dropped from outside.
struct Held(Arc<Mutex<()>>, std::sync::Mutex<Option<selvedge::sync::OwnedMutexGuard<()>>>);

impl Held {
    fn new(mutex: Mutex<()>) -> Self {
        let mutex = Arc::new(mutex);
        let guard = mutex.clone().try_lock_owned().unwrap();
        Self(mutex, std::sync::Mutex::new(Some(guard)))
    }

    fn free(&self) {
        let guard = self.1.lock().unwrap().take();
        drop(guard);
    }

    fn is_free(&self) -> bool {
        self.0.try_lock().is_ok() && self.0.statistics().waiting == 0
    }
}

pub(crate) fn sweep(report: Report<'_>) {
    let mutex = |name, make, wait| Swept {
        name,
        make,
        wait,
        free: Held::free,
        waiting: |held: &Held| held.0.statistics().waiting,
        is_free: Held::is_free,
        close: None,
    };
    let lock: fn(&Arc<Held>) -> Waiting = |held| {
        let held = held.clone();
        Box::pin(async move {
            drop(held.0.lock().await);
            true
        })
    };
    let lock_owned: fn(&Arc<Held>) -> Waiting = |held| {
        let mutex = held.0.clone();
        Box::pin(async move {
            drop(mutex.lock_owned().await);
            true
        })
    };
    mutex("Mutex::lock", || Held::new(Mutex::new(())), lock).sweep(report);
    mutex("Mutex::fair, lock", || Held::new(Mutex::fair(())), lock).sweep(report);
    mutex("Mutex::lock_owned", || Held::new(Mutex::new(())), lock_owned).sweep(report);
}
