//! Designs that are too big for every schedule: by chance, with the same harness.
//!
//! `cargo xtask models --random` runs them.
#![cfg(selvedge_random)]

use std::sync::Arc;

use selvedge::{
    model::{
        Check, Design,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    sync::{Mutex, RwLock, RwLockUpgradableReadGuard, Semaphore},
};

/// Fifty users of two connections, on ten threads, of whom every fifth may quit anywhere.
fn crowd(d: &mut Design) {
    let (free, inside) = (Arc::new(Semaphore::new(2)), Arc::new(AtomicUsize::new(0)));
    for thread in 0..10 {
        d.on_one_thread(|d| {
            for user in 0..5 {
                let (free, inside) = (free.clone(), inside.clone());
                let visit = async move {
                    let _connection = free.acquire().await.unwrap();
                    assert!(inside.fetch_add(1, Relaxed) < 2);
                    inside.fetch_sub(1, Relaxed);
                };
                let name = format!("user {}", thread * 5 + user);
                if user == 0 { d.cancellable(name, visit) } else { d.task(name, visit) }
            }
        });
    }
    d.after(move || assert_eq!((free.available_permits(), free.waiters()), (2, 0)));
}

/// All get their turn, and all connections come back.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn a_crowd_gets_its_turns() {
    let report = Check::new().named("crowd").rounds(400).run(crowd).unwrap();
    assert_eq!(report.schedules, 400);
}

/// Readers, writers, those who upgrade and those who quit, on eight threads.
fn readers_and_writers(d: &mut Design, lock: RwLock<u32>) {
    let lock = Arc::new(lock);
    for thread in 0..8 {
        d.on_one_thread(|d| {
            for task in 0..3 {
                let shared = lock.clone();
                let job = async move {
                    match (thread + task) % 4 {
                        0 => *shared.write().await += 1,
                        1 => {
                            let seen = shared.upgradable_read().await;
                            *RwLockUpgradableReadGuard::upgrade(seen).await += 1;
                        }
                        2 => {
                            let mut seen = shared.upgradable_read().await;
                            let before = *seen;
                            *RwLockUpgradableReadGuard::upgrade_or_keep(&mut seen).await += 1;
                            assert_eq!(*seen, before + 1);
                            drop(RwLockUpgradableReadGuard::downgrade(seen));
                        }
                        _ => assert!(*shared.read().await <= 24),
                    }
                };
                let name = format!("task {}", thread * 3 + task);
                if task == 0 { d.cancellable(name, job) } else { d.task(name, job) }
            }
        });
    }
    d.after(move || {
        assert!(lock.try_write().is_ok());
        assert_eq!(lock.statistics().waiting, 0);
    });
}

/// Whoever waits for a lock gets it, or has quit.
///
/// Red when: mutant "no re-grant on cancel", "who looked leaves the line to itself", "who leaves
/// lets no reader in" or "an upgrade waits for no last reader".
#[test]
fn readers_and_writers_get_their_turns() {
    for make in [RwLock::new, RwLock::fair] {
        let design = move |d: &mut Design| readers_and_writers(d, make(0));
        Check::new().named("readers and writers").rounds(300).run(design).unwrap();
    }
}

/// A bug that needs a thread to be held up is found, is told like any other, and is found again by
/// the same seed.
///
/// Red when: chance never holds a thread up for long, or the seed is not used.
#[test]
fn a_rare_bug_is_found_by_its_seed() {
    let unlock_early = || {
        Check::new().named("unlocked early").seed(7).rounds(2000).run(|d| {
            let (mutex, count) = (Arc::new(Mutex::new(())), Arc::new(AtomicUsize::new(0)));
            for worker in 0..20 {
                let (mutex, count) = (mutex.clone(), count.clone());
                d.task(format!("worker {worker}"), async move {
                    let guard = mutex.lock().await;
                    let seen = count.load(Relaxed);
                    drop(guard);
                    count.store(seen + 1, Relaxed);
                });
            }
            d.after(move || assert_eq!(count.load(Relaxed), 20));
        })
    };
    let (first, again) = (unlock_early(), unlock_early());
    let text = first.to_string();
    assert!(text.contains("It went wrong in step"), "{text}");
    assert_eq!((&first.failure, first.schedules), (&again.failure, again.schedules));
}

/// A task that nobody wakes is named here, too.
///
/// Red when: shuttle's word for a deadlock is not understood.
#[test]
fn a_deadlock_is_named() {
    let report = Check::new().named("two locks").rounds(400).run(|d| {
        let locks = [(); 6].map(|()| Arc::new(Mutex::new(())));
        for philosopher in 0..6 {
            let (left, right) = (locks[philosopher].clone(), locks[(philosopher + 1) % 6].clone());
            d.task(format!("philosopher {philosopher}"), async move {
                let _left = left.lock().await;
                let _right = right.lock().await;
            });
        }
    });
    let text = report.to_string();
    assert!(text.contains("deadlock: 6 of 6 sleep for ever"), "{text}");
    assert!(text.contains("philosopher 3 sleeps for ever"), "{text}");
}

/// Whoever touches a value beside another is found.
///
/// Red when: the cell counts its users wrongly.
#[test]
fn an_overlap_is_found() {
    let report = Check::new().named("overlap").rounds(400).run(|d| {
        let semaphore = Arc::new(Semaphore::new(2));
        let value = Arc::new(selvedge::model::Cell::new(0));
        for name in ["one", "two", "three"] {
            let (semaphore, value) = (semaphore.clone(), value.clone());
            d.task(name, async move {
                let _permit = semaphore.acquire().await.unwrap();
                #[expect(unsafe_code, reason = "the overlap is the point")]
                // SAFETY: there is none; the model has to say so.
                unsafe {
                    value.with(|value| {
                        let _ = semaphore.available_permits();
                        *value += 1;
                    });
                }
            });
        }
    });
    let failure = report.failure.unwrap_or_default();
    assert!(failure.starts_with("a value is written while it is"), "{failure}");
}
