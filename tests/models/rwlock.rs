//! What must hold of a readers-writer lock in every interleaving.

use std::sync::Arc;

use selvedge::{
    model::Design,
    sync::{OwnedRwLockUpgradableReadGuard, RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard},
};

use crate::runner::{design, moved};

type Lock = Arc<RwLock<i32>>;

/// Both policies: bounded barging, and strict hand-over.
fn each_policy(
    preemptions: usize,
    model: impl Fn(&mut Design, Lock) + Copy + Send + Sync + 'static,
) {
    design(preemptions, move |d| model(d, Arc::new(RwLock::new(0))));
    design(preemptions, move |d| model(d, Arc::new(RwLock::fair(0))));
}

/// In the end nobody holds the lock and nobody waits, and `value` was written.
fn ends_with(d: &mut Design, lock: &Lock, value: i32) {
    let lock = lock.clone();
    d.after(move || {
        assert_eq!(lock.statistics().waiting, 0);
        assert_eq!(*lock.try_write().unwrap(), value);
    });
}

/// A writer is alone, whether it came at once or had to wait.
///
/// Red when: the CAS of `try_take` or `admit`, or the subtraction of `give_back`, is Relaxed.
#[test]
fn a_writer_is_alone() {
    each_policy(3, |d, lock| {
        for name in ["one", "two"] {
            let lock = lock.clone();
            d.task(name, async move {
                *lock.write().await += 1;
                assert!(*lock.read().await > 0);
            });
        }
        ends_with(d, &lock, 2);
    });
}

/// Two writers and a reader all get in, and the lock is free in the end.
///
/// Red when: mutant "who looked leaves the line to itself".
#[test]
fn serves_three() {
    each_policy(2, |d, lock| {
        for name in ["one", "two"] {
            let lock = lock.clone();
            d.task(name, async move { *lock.write().await += 1 });
        }
        let reader = lock.clone();
        d.task("reader", async move { assert!(*reader.read().await <= 2) });
        ends_with(d, &lock, 2);
    });
}

/// Whoever is handed the lock comes after all who read, not after the last of them alone.
///
/// Red when: the CAS of `serve` that grants is Relaxed.
#[test]
fn a_writer_comes_after_every_reader() {
    each_policy(3, |d, lock| {
        for name in ["one", "two"] {
            let guard = lock.clone().try_read_owned().unwrap();
            d.thread(name, move || drop(guard));
        }
        let writer = lock.clone();
        d.task("writer", async move { *writer.write().await += 1 });
        ends_with(d, &lock, 1);
    });
}

/// A writer that cancels lets those in who waited behind it alone: the reader in front stays.
///
/// Red when: mutant "who leaves lets no reader in".
#[test]
fn a_writer_that_cancels_lets_readers_in() {
    each_policy(3, |d, lock| {
        let stays = lock.clone().try_read_owned().unwrap();
        let (quitter, reader, in_the_end) = (lock.clone(), lock.clone(), lock.clone());
        d.task("quitter", async move {
            assert!(crate::runner::poll_and_cancel(quitter.write()).is_none());
        });
        d.task("reader", async move { assert_eq!(*reader.read().await, 0) });
        d.after(move || {
            drop(stays);
            assert!(in_the_end.try_write().is_ok());
        });
    });
}

/// A cancelled waiter passes on the call, or the turn, that it was given.
///
/// Red when: mutant "no re-grant on cancel" (fair) or "who leaves lets no reader in".
#[test]
fn a_cancelled_waiter_passes_its_turn_on() {
    each_policy(3, |d, lock| {
        let held = lock.clone().try_write_owned().unwrap();
        let (quitter, stayer) = (lock.clone(), lock.clone());
        d.thread("holder", move || drop(held));
        d.cancellable("quitter", async move { drop(quitter.write().await) });
        d.task("stayer", async move { *stayer.write_owned().await += 1 });
        ends_with(d, &lock, 1);
    });
}

/// The same of readers that are called, or granted, together, in front of a writer.
///
/// Red when: mutant "no re-grant on cancel" (fair) or "who leaves lets no reader in".
#[test]
fn a_cancelled_run_passes_its_turn_on() {
    each_policy(1, |d, lock| {
        let held = lock.clone().try_write_owned().unwrap();
        let (quitter, reader, writer) = (lock.clone(), lock.clone(), lock.clone());
        d.cancellable("quitter", async move { drop(quitter.read().await) });
        d.task("reader", async move { drop(reader.read().await) });
        d.task("writer", async move {
            drop(held);
            *writer.write().await += 1;
        });
        ends_with(d, &lock, 1);
    });
}

/// A waiter that moves to another task is woken there.
///
/// Red when: mutant "the waker is not replaced".
#[test]
fn a_moved_waiter_is_woken_where_it_is() {
    each_policy(3, |d, lock| {
        let held = lock.clone().try_write_owned().unwrap();
        let mover = lock.clone();
        d.thread("holder", move || drop(held));
        d.task("mover", async move { assert_eq!(*moved(mover.read()).await, 0) });
        ends_with(d, &lock, 0);
    });
}

/// A downgrade publishes what was written, and lets readers in while it goes on reading.
///
/// Red when: the subtraction of `exchange` is Relaxed, or mutant "a downgrade lets nobody in".
#[test]
fn a_downgrade_lets_readers_in() {
    each_policy(3, |d, lock| {
        let mut writer = lock.clone().try_write_owned().unwrap();
        let reader = lock.clone();
        let (kept, in_the_end) = (Arc::new(std::sync::Mutex::new(None)), lock.clone());
        let keeps = kept.clone();
        d.thread("writer", move || {
            *writer += 1;
            *keeps.lock().unwrap() = Some(writer.downgrade());
        });
        d.task("reader", async move { assert_eq!(*reader.read().await, 1) });
        d.after(move || {
            let reading = kept.lock().unwrap().take().unwrap();
            assert_eq!(*reading, 1);
            drop(reading);
            assert!(in_the_end.try_write().is_ok());
        });
    });
}

/// Nobody writes between a downgrade and the reading, or the writing, behind it.
///
/// Red when: `exchange` gives back first and takes then.
#[test]
fn a_downgrade_leaves_no_gap() {
    each_policy(3, |d, lock| {
        let (one, two) = (lock.clone(), lock.clone());
        d.task("one", async move {
            let mut writer = one.write().await;
            *writer += 1;
            let seen = *writer;
            let mut guard = RwLockWriteGuard::downgrade_to_upgradable(writer);
            assert_eq!(*guard, seen);
            *RwLockUpgradableReadGuard::upgrade_or_keep(&mut guard).await += 1;
            assert_eq!(*guard, seen + 1);
        });
        d.task("two", async move { *two.write().await += 10 });
        ends_with(d, &lock, 12);
    });
}

/// Who may upgrade reads beside others; whoever comes after a downgrade to that sees all.
///
/// Red when: the CAS of `enter` is Relaxed.
#[test]
fn readers_come_in_beside_one_who_may_upgrade() {
    each_policy(3, |d, lock| {
        let (writer, reader) = (lock.clone(), lock.clone());
        d.task("writer", async move {
            let mut writer = writer.write().await;
            *writer += 1;
            drop(RwLockWriteGuard::downgrade_to_upgradable(writer));
        });
        d.task("reader", async move {
            assert!(matches!(reader.try_read().map(|value| *value), Ok(0 | 1) | Err(_)));
        });
        ends_with(d, &lock, 1);
    });
}

/// An upgrade waits for the other readers, and comes after each of them.
///
/// Red when: mutant "an upgrade waits for no last reader", or the CAS of `serve` that grants is
/// Relaxed.
#[test]
fn an_upgrade_waits_for_the_readers() {
    each_policy(3, |d, lock| {
        let guard = lock.clone().try_upgradable_read_owned().unwrap();
        for name in ["one", "two"] {
            let reader = lock.clone().try_read_owned().unwrap();
            d.thread(name, move || drop(reader));
        }
        d.task("upgrades", async move {
            *OwnedRwLockUpgradableReadGuard::upgrade(guard).await += 1;
        });
        ends_with(d, &lock, 1);
    });
}

/// Two who upgrade, one after the other, and one who reads in between or not.
///
/// Red when: a waiting upgrade lets others past, or one that is granted is not woken.
#[test]
fn upgrades_take_turns() {
    each_policy(2, |d, lock| {
        for name in ["one", "two"] {
            let lock = lock.clone();
            d.task(name, async move {
                let guard = lock.upgradable_read_owned().await;
                let before = *guard;
                let mut guard = OwnedRwLockUpgradableReadGuard::upgrade(guard).await;
                assert_eq!(*guard, before, "somebody wrote in between");
                *guard += 1;
            });
        }
        let reader = lock.clone();
        d.task("reader", async move { assert!(*reader.read().await <= 2) });
        ends_with(d, &lock, 2);
    });
}

/// An upgrade that is cancelled, wherever it stands, releases, and lets those in who waited.
///
/// Red when: mutant "who leaves lets no reader in" or "no re-grant on cancel".
#[test]
fn a_cancelled_upgrade_releases() {
    each_policy(2, |d, lock| {
        let first = lock.clone().try_read_owned().unwrap();
        let guard = lock.clone().try_upgradable_read_owned().unwrap();
        let writer = lock.clone();
        d.thread("reader", move || drop(first));
        d.cancellable("quitter", async move {
            drop(OwnedRwLockUpgradableReadGuard::upgrade(guard).await);
        });
        d.task("writer", async move { *writer.write().await += 1 });
        ends_with(d, &lock, 1);
    });
}

/// An upgrade that is cancelled may keep its guard, and lets those in who waited for it alone.
///
/// Red when: mutant "who leaves lets no reader in" or "no re-grant on cancel".
#[test]
fn a_cancelled_upgrade_keeps_the_guard() {
    each_policy(2, |d, lock| {
        let first = lock.clone().try_read_owned().unwrap();
        let mut guard = lock.clone().try_upgradable_read_owned().unwrap();
        let reader = lock.clone();
        d.thread("first", move || drop(first));
        d.task("reader", async move { assert!(*reader.read().await <= 1) });
        let (kept, in_the_end) = (Arc::new(std::sync::Mutex::new(None)), lock.clone());
        let keeps = kept.clone();
        d.thread("quitter", move || {
            let upgrade = OwnedRwLockUpgradableReadGuard::upgrade_or_keep(&mut guard);
            if let Some(mut guard) = crate::runner::poll_and_cancel(upgrade) {
                *guard += 1;
            }
            *keeps.lock().unwrap() = Some(guard);
        });
        d.after(move || {
            let guard = kept.lock().unwrap().take().unwrap();
            assert!(in_the_end.try_upgradable_read().is_err(), "the right to upgrade was lost");
            drop(guard);
            assert!(in_the_end.try_write().is_ok());
        });
    });
}

/// A reader that waits for room goes in when another leaves, while a third reads on.
///
/// Red when: mutant "room for a reader is lost".
#[test]
fn room_for_a_reader_is_given_on() {
    design(3, |d| {
        let lock = Arc::new(RwLock::with_max_readers(0, 2));
        let [stays, goes] = [(); 2].map(|()| lock.clone().try_read_owned().unwrap());
        let (reader, in_the_end) = (lock.clone(), lock);
        d.thread("goes", move || drop(goes));
        d.task("reader", async move { drop(reader.read().await) });
        d.after(move || {
            drop(stays);
            assert!(in_the_end.try_write().is_ok());
        });
    });
}

/// What `try_…` says is what it would say if one came after the other: a reader on its way in or
/// out never makes a free lock look held.
///
/// Red when: a reader counts itself in before it knows that it may.
#[test]
fn tries_are_told_the_truth() {
    #[derive(Clone, Copy, Debug)]
    enum Call {
        Read,
        Write,
        Drop,
    }
    design(3, |d| {
        let lock = Arc::new(RwLock::new(()));
        // Readers, and whether somebody writes.
        let history = d.linearizable((0, false), |(readers, writer), (who, call): &(i32, Call)| {
            let held = match call {
                Call::Read => !*writer,
                Call::Write => !*writer && *readers == 0,
                Call::Drop => true,
            };
            match call {
                Call::Read if held => *readers += 1,
                Call::Write if held => *writer = true,
                Call::Drop if *who == 0 => *readers -= 1,
                Call::Drop => *writer = false,
                _ => {}
            }
            held
        });
        for (who, name) in ["reader", "writer"].into_iter().enumerate() {
            let (lock, history) = (lock.clone(), history.clone());
            let who = i32::try_from(who).unwrap();
            d.thread(name, move || {
                for _ in 0..2 {
                    let (mut read, mut write) = (None, None);
                    let call = if who == 0 { Call::Read } else { Call::Write };
                    let held = history.call((who, call), || {
                        if who == 0 {
                            read = lock.try_read().ok();
                        } else {
                            write = lock.try_write().ok();
                        }
                        read.is_some() || write.is_some()
                    });
                    if held {
                        history.call((who, Call::Drop), || {
                            drop((read, write));
                            true
                        });
                    }
                }
            });
        }
    });
}
