//! A readers-writer lock, polled by hand.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex as StdMutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use selvedge::sync::{
    OwnedRwLockUpgradableReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockUpgradableReadGuard,
};

use crate::{
    harness::{Meddler, PollWith, Spy, Watched, allocations, panics, poll, ready},
    sweep::{Report, Swept, Waiting},
};

mod line;
mod upgrades;

/// Both policies.
fn each(test: impl Fn(RwLock<i32>)) {
    test(RwLock::new(0));
    test(RwLock::fair(0));
}

/// Polls each, and says how many are ready.
fn how_many_are_ready<F: Future>(line: &mut [Pin<Box<F>>]) -> Vec<F::Output> {
    line.iter_mut()
        .filter_map(|wait| match poll(wait.as_mut()) {
            std::task::Poll::Ready(guard) => Some(guard),
            std::task::Poll::Pending => None,
        })
        .collect()
}

pub(super) fn seen<T: ?Sized>(lock: &RwLock<T>) -> (usize, bool, bool, usize) {
    let seen = lock.statistics();
    (seen.readers, seen.upgradable, seen.writer, seen.waiting)
}

/// Semantics 34.
#[test]
fn a_reader_that_comes_after_a_waiting_writer_waits() {
    each(|lock| {
        let (one, two) = (lock.try_read().unwrap(), lock.try_read().unwrap());
        let (mut writer, mut reader) = (pin!(lock.write()), pin!(lock.read()));
        assert!(poll(writer.as_mut()).is_pending());
        assert!(poll(reader.as_mut()).is_pending());
        assert!(lock.try_read().is_err());
        assert_eq!(seen(&lock), (2, false, false, 2));
        drop(one);
        assert!(poll(writer.as_mut()).is_pending(), "it waits for the last of them");
        drop(two);
        let guard = ready(writer.as_mut());
        assert!(poll(reader.as_mut()).is_pending());
        drop(guard);
        drop(ready(reader.as_mut()));
        assert_eq!(seen(&lock), (0, false, false, 0));
    });
}

/// Semantics 35.
#[test]
fn a_writer_that_cancels_wakes_the_readers_behind_it() {
    each(|lock| {
        let _read = lock.try_read().unwrap();
        let watched = Watched::new();
        let mut writer = Box::pin(lock.write());
        assert!(poll(writer.as_mut()).is_pending());
        let mut readers: Vec<_> = (0..3).map(|_| Box::pin(lock.read())).collect();
        for reader in &mut readers {
            assert!(watched.poll(reader.as_mut()).is_pending());
        }
        let mut last = Box::pin(lock.write());
        assert!(poll(last.as_mut()).is_pending());
        drop(writer);
        assert_eq!(watched.woken(), 3);
        assert_eq!(how_many_are_ready(&mut readers).len(), 3);
        assert!(poll(last.as_mut()).is_pending());
    });
}

/// Semantics 35, in tokio's order: the writer is cancelled while a reader is queued in front.
#[test]
fn a_cancelled_writer_in_the_middle_joins_two_runs() {
    each(|lock| {
        let held = lock.try_write().unwrap();
        let watched = Watched::new();
        let mut front = Box::pin(lock.read());
        let mut writer = Box::pin(lock.write());
        let mut back = Box::pin(lock.read());
        assert!(watched.poll(front.as_mut()).is_pending());
        assert!(poll(writer.as_mut()).is_pending());
        assert!(watched.poll(back.as_mut()).is_pending());
        drop(writer);
        assert_eq!(watched.woken(), 0);
        drop(held);
        assert_eq!(watched.woken(), 2);
    });
}

/// Semantics 39 and 14.
#[test]
fn nobody_is_woken_while_a_writer_holds() {
    each(|lock| {
        let _held = lock.try_write().unwrap();
        let watched = Watched::new();
        let (mut a, mut b, mut c) =
            (pin!(lock.read()), pin!(lock.read()), pin!(lock.upgradable_read()));
        for _ in 0..100 {
            assert!(watched.poll(a.as_mut()).is_pending());
            assert!(watched.poll(b.as_mut()).is_pending());
            assert!(watched.poll(c.as_mut()).is_pending());
            assert!(lock.try_read().is_err());
        }
        assert_eq!((watched.woken(), watched.kept()), (0, 3));
    });
}

/// Semantics 14: one reader of many that leaves is no news to a waiting writer.
#[test]
fn a_writer_is_woken_by_the_last_reader_alone() {
    each(|lock| {
        let mut readers: Vec<_> = (0..5).map(|_| lock.try_read().unwrap()).collect();
        let watched = Watched::new();
        let mut writer = pin!(lock.write());
        assert!(watched.poll(writer.as_mut()).is_pending());
        while readers.pop().is_some() {
            assert_eq!(watched.woken(), usize::from(readers.is_empty()));
        }
        drop(ready(writer.as_mut()));
    });
}

#[test]
fn there_are_as_many_readers_as_may_be() {
    let lock = RwLock::with_max_readers(0, 2);
    let (one, two) = (lock.try_read().unwrap(), lock.try_upgradable_read().unwrap());
    assert!(lock.try_read().is_err());
    let watched = Watched::new();
    let (mut third, mut fourth) = (pin!(lock.read()), pin!(lock.read()));
    assert!(watched.poll(third.as_mut()).is_pending());
    assert!(watched.poll(fourth.as_mut()).is_pending());
    drop(one);
    assert_eq!(watched.woken(), 1, "there is room for one");
    let third = ready(third.as_mut());
    assert!(watched.poll(fourth.as_mut()).is_pending());
    drop(two);
    assert_eq!(watched.woken(), 2);
    drop((third, ready(fourth.as_mut())));
    assert!(lock.try_write().is_ok());
}

#[test]
fn a_number_of_readers_that_cannot_be_is_refused() {
    let said = |max: u32| -> String {
        let panic = std::panic::catch_unwind(|| RwLock::with_max_readers((), max)).unwrap_err();
        match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
        }
    };
    assert_eq!(said(0), "a RwLock may not be created with 0 readers");
    let most = if usize::BITS == 32 { u32::MAX >> 10 } else { u32::MAX >> 3 };
    let text = format!("a RwLock may not be created with more than {most} readers");
    assert_eq!(said(most + 1), text);
    assert_eq!(said(u32::MAX), text);
    assert!(RwLock::with_max_readers((), most).try_read().is_ok());
}

/// Semantics 1.
#[test]
fn cancelling_leaves_nothing_behind() {
    each(|lock| {
        let _held = lock.try_write().unwrap();
        let watched = Watched::new();
        {
            let (mut read, mut write) = (pin!(lock.read()), pin!(lock.write()));
            assert!(watched.poll(read.as_mut()).is_pending());
            assert!(watched.poll(write.as_mut()).is_pending());
            assert_eq!((lock.statistics().waiting, watched.kept()), (2, 2));
        }
        assert_eq!((lock.statistics().waiting, watched.kept(), watched.woken()), (0, 0, 0));
    });
}

/// Semantics 10.
#[test]
fn a_panic_inside_gives_it_back() {
    each(|lock| {
        let mut next = Box::pin(lock.write());
        assert!(panics(|| {
            let _held = lock.try_write().unwrap();
            assert!(poll(next.as_mut()).is_pending());
            panic!("on purpose");
        }));
        drop(ready(next.as_mut()));
    });
}

/// Semantics 13.
#[test]
fn statistics_follow() {
    each(|lock| {
        assert_eq!(seen(&lock), (0, false, false, 0));
        let guards = (lock.try_read().unwrap(), lock.try_upgradable_read().unwrap());
        assert_eq!(seen(&lock), (2, true, false, 0));
        let mut writer = Box::pin(lock.write());
        assert!(poll(writer.as_mut()).is_pending());
        assert_eq!(seen(&lock), (2, true, false, 1));
        drop(guards);
        let writing = ready(writer.as_mut());
        assert_eq!(seen(&lock), (0, false, true, 0));
        drop(writing);
        assert_eq!(seen(&lock), (0, false, false, 0));
    });
}

#[test]
fn no_wait_allocates() {
    each(|lock| {
        let held = lock.try_write().unwrap();
        let watched = Watched::new();
        let (mut read, mut write) = (pin!(lock.read()), pin!(lock.write()));
        assert_eq!(allocations(|| assert!(watched.poll(read.as_mut()).is_pending())), 0);
        assert_eq!(allocations(|| assert!(watched.poll(write.as_mut()).is_pending())), 0);
        assert_eq!(allocations(|| drop(held)), 0);
        assert_eq!(allocations(|| drop(watched.poll(read.as_mut()))), 0);
        assert_eq!(allocations(|| drop(watched.poll(write.as_mut()))), 0);
    });
}

#[test]
fn a_waker_is_cloned_once_a_wait_and_by_nobody_who_need_not() {
    each(|lock| {
        let (spy, waker) = Spy::new(|_| ());
        assert!(pin!(lock.read()).poll_with(&waker).is_ready());
        assert!(pin!(lock.write()).poll_with(&waker).is_ready());
        assert!(pin!(lock.upgradable_read()).poll_with(&waker).is_ready());
        assert_eq!(spy.seen(), [0, 0, 0]);
        let held = lock.try_read().unwrap();
        let mut write = Box::pin(lock.write());
        for _ in 0..1000 {
            assert!(write.as_mut().poll_with(&waker).is_pending());
        }
        drop(held);
        assert_eq!(spy.seen(), [1, 1, 0]);
        drop(ready(write.as_mut()));
    });
}

/// Semantics 36: one of those who are woken together panics, in each place.
#[test]
fn a_waker_that_panics_costs_the_others_nothing() {
    for place in [0, 1, 31, 32, 40] {
        each(|lock| {
            let held = lock.try_write().unwrap();
            let watched = Watched::new();
            let bad = Meddler::waker(|| panic!("on purpose"), || ());
            let mut readers: Vec<_> = (0..41).map(|_| Box::pin(lock.read())).collect();
            for (at, reader) in readers.iter_mut().enumerate() {
                let pending = if at == place {
                    reader.as_mut().poll_with(&bad).is_pending()
                } else {
                    watched.poll(reader.as_mut()).is_pending()
                };
                assert!(pending);
            }
            assert!(panics(|| drop(held)), "the panic reaches the caller");
            assert_eq!(watched.woken(), 40);
            assert_eq!(how_many_are_ready(&mut readers).len(), 41);
            assert!(lock.try_write().is_ok());
        });
    }
}

#[test]
fn polling_after_completion_panics() {
    let lock = RwLock::new(());
    let mut read = pin!(lock.read());
    drop(ready(read.as_mut()));
    assert!(panics(|| drop(poll(read.as_mut()))));
    let mut guard = lock.try_upgradable_read().unwrap();
    {
        let mut keep = pin!(RwLockUpgradableReadGuard::upgrade_or_keep(&mut guard));
        drop(ready(keep.as_mut()));
        assert!(panics(|| drop(poll(keep.as_mut()))));
    }
    let mut upgrade = pin!(RwLockUpgradableReadGuard::upgrade(guard));
    drop(ready(upgrade.as_mut()));
    assert!(panics(|| drop(poll(upgrade.as_mut()))));
}

#[test]
fn debug_shows_the_value_or_that_it_is_locked() {
    let lock = RwLock::new(5);
    let reading = lock.try_read().unwrap();
    assert_eq!(format!("{lock:?} {reading:?} {reading}"), "RwLock { data: 5 } 5 5");
    drop(reading);
    let writing = lock.try_write().unwrap();
    assert_eq!(format!("{lock:?} {writing:?}"), "RwLock { data: <locked> } 5");
    assert_eq!(format!("{:?}", lock.read()), "RwLockRead { .. }");
    drop(writing);
    let guard = lock.try_upgradable_read().unwrap();
    assert_eq!(format!("{guard:?} {guard} {lock:?}"), "5 5 RwLock { data: 5 }");
    let upgrade = RwLockUpgradableReadGuard::upgrade(guard);
    assert_eq!(format!("{upgrade:?}"), "RwLockUpgrade { .. }");
}

#[test]
fn threads_wait_beside_tasks() {
    let lock = Arc::new(RwLock::new(0));
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let lock = lock.clone();
            thread::spawn(move || {
                for _ in 0..300 {
                    match n {
                        0 => *lock.blocking_write() += 1,
                        1 => *lock.clone().blocking_write_owned() += 1,
                        2 => {
                            let guard = lock.blocking_upgradable_read();
                            *RwLockUpgradableReadGuard::blocking_upgrade(guard) += 1;
                        }
                        _ => {
                            let seen = *lock.blocking_read();
                            assert!(*lock.clone().blocking_read_owned() >= seen);
                            let guard = lock.clone().blocking_upgradable_read_owned();
                            *OwnedRwLockUpgradableReadGuard::blocking_upgrade(guard) += 1;
                        }
                    }
                }
            })
        })
        .collect();
    pollster::block_on(async {
        for _ in 0..300 {
            assert!(*lock.read().await >= 0);
            *lock.write().await += 1;
        }
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert_eq!(*lock.blocking_read(), 1500);
}

/// Readers and writers in tasks on threads: a writer finds nobody, and readers each other.
#[test]
fn a_crowd_keeps_the_rule() {
    each(|lock| {
        let lock = &lock;
        let inside = &AtomicUsize::new(0);
        thread::scope(|scope| {
            for who in 0..4 {
                scope.spawn(move || {
                    pollster::block_on(async {
                        for round in 0..200 {
                            if (who + round) % 5 == 0 {
                                let mut value = lock.write().await;
                                assert_eq!(inside.fetch_add(1000, SeqCst), 0);
                                *value += 1;
                                inside.fetch_sub(1000, SeqCst);
                            } else {
                                let value = lock.read().await;
                                assert!(inside.fetch_add(1, SeqCst) < 1000 && *value >= 0);
                                inside.fetch_sub(1, SeqCst);
                            }
                        }
                    });
                });
            }
        });
        assert_eq!((*lock.try_read().unwrap(), lock.statistics().waiting), (160, 0));
    });
}

/// A lock that is held by a guard which can be dropped from outside.
struct Held<G>(Arc<RwLock<()>>, StdMutex<Option<G>>);

impl<G> Held<G> {
    fn free(&self) {
        let guard = self.1.lock().unwrap().take();
        drop(guard);
    }

    fn waiting(&self) -> usize {
        self.0.statistics().waiting
    }

    fn is_free(&self) -> bool {
        self.0.try_write().is_ok() && self.waiting() == 0
    }
}

type Written = Held<OwnedRwLockWriteGuard<()>>;
type Read = Held<selvedge::sync::OwnedRwLockReadGuard<()>>;

fn written(lock: RwLock<()>) -> Written {
    let lock = Arc::new(lock);
    let guard = lock.clone().try_write_owned().unwrap();
    Held(lock, StdMutex::new(Some(guard)))
}

fn read(lock: RwLock<()>) -> Read {
    let lock = Arc::new(lock);
    let guard = lock.clone().try_read_owned().unwrap();
    Held(lock, StdMutex::new(Some(guard)))
}

pub(crate) fn sweep(report: Report<'_>) {
    fn row<G: Send + 'static>(
        name: &'static str,
        make: fn() -> Held<G>,
        wait: fn(&Arc<Held<G>>) -> Waiting,
        report: Report<'_>,
    ) {
        let (free, waiting, is_free) = (Held::free, Held::waiting, Held::is_free);
        Swept { name, make, wait, free, waiting, is_free, close: None }.sweep(report);
    }
    macro_rules! wait {
        (|$lock:ident| $wait:expr) => {
            |held: &Arc<Held<_>>| -> Waiting {
                let $lock = held.0.clone();
                Box::pin(async move {
                    drop($wait.await);
                    true
                })
            }
        };
    }
    row("RwLock::read", || written(RwLock::new(())), wait!(|lock| lock.read()), report);
    row("RwLock::fair, read", || written(RwLock::fair(())), wait!(|lock| lock.read()), report);
    row("RwLock::write", || written(RwLock::new(())), wait!(|lock| lock.write()), report);
    row("RwLock::write, read", || read(RwLock::new(())), wait!(|lock| lock.write()), report);
    row("RwLock::fair, write", || read(RwLock::fair(())), wait!(|lock| lock.write()), report);
    row("RwLock::read_owned", || written(RwLock::new(())), wait!(|lock| lock.read_owned()), report);
    let wait = wait!(|lock| lock.write_owned());
    row("RwLock::write_owned", || read(RwLock::new(())), wait, report);
    let wait = wait!(|lock| lock.upgradable_read());
    row("RwLock::upgradable_read", || written(RwLock::new(())), wait, report);
    let wait = wait!(|lock| lock.upgradable_read_owned());
    row("RwLock::upgradable_read_owned", || written(RwLock::fair(())), wait, report);
    // The first of them waits for the reader, the others for their turn to.
    let upgrade: fn(&Arc<Held<_>>) -> Waiting = |held| {
        let lock = held.0.clone();
        Box::pin(async move {
            let guard = lock.upgradable_read().await;
            drop(RwLockUpgradableReadGuard::upgrade(guard).await);
            true
        })
    };
    row("RwLock's guard, upgrade", || read(RwLock::new(())), upgrade, report);
    let upgrade_owned: fn(&Arc<Held<_>>) -> Waiting = |held| {
        let lock = held.0.clone();
        Box::pin(async move {
            let guard = lock.upgradable_read_owned().await;
            drop(OwnedRwLockUpgradableReadGuard::upgrade(guard).await);
            true
        })
    };
    row("RwLock's owned guard, upgrade", || read(RwLock::fair(())), upgrade_owned, report);
    let keep: fn(&Arc<Held<_>>) -> Waiting = |held| {
        let lock = held.0.clone();
        Box::pin(async move {
            let mut guard = lock.upgradable_read().await;
            drop(RwLockUpgradableReadGuard::upgrade_or_keep(&mut guard).await);
            true
        })
    };
    row("RwLock's guard, upgrade_or_keep", || read(RwLock::new(())), keep, report);
}
