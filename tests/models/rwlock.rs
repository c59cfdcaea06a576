//! What must hold of a readers-writer lock in every interleaving.

use std::sync::Arc;

use selvedge::sync::{
    OwnedRwLockUpgradableReadGuard, RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard,
};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// Both policies: bounded barging, and strict hand-over.
fn each_policy(
    preemptions: usize,
    model: impl Fn(Arc<RwLock<i32>>) + Copy + Send + Sync + 'static,
) {
    check(preemptions, move || model(Arc::new(RwLock::new(0))));
    check(preemptions, move || model(Arc::new(RwLock::fair(0))));
}

/// A writer is alone, whether it came at once or had to wait.
///
/// Red when: the CAS of `try_take` or `admit`, or the subtraction of `give_back`, is Relaxed.
#[test]
fn a_writer_is_alone() {
    each_policy(3, |lock| {
        let other = spawn({
            let lock = lock.clone();
            move || {
                *block_on(lock.write()) += 1;
                assert!(*block_on(lock.read()) > 0);
            }
        });
        assert!(*block_on(lock.read()) >= 0);
        *block_on(lock.write()) += 1;
        other.join().unwrap();
        assert_eq!(*lock.try_read().unwrap(), 2);
    });
}

/// Two writers and a reader all get in, and the lock is free in the end.
///
/// Red when: mutant "who looked leaves the line to itself".
#[test]
fn serves_three() {
    each_policy(2, |lock| {
        let writer = spawn({
            let lock = lock.clone();
            move || *block_on(lock.write()) += 1
        });
        let reader = spawn({
            let lock = lock.clone();
            move || *block_on(lock.read())
        });
        *block_on(lock.write()) += 1;
        writer.join().unwrap();
        reader.join().unwrap();
        assert_eq!(*lock.try_write().unwrap(), 2);
    });
}

/// Whoever is handed the lock comes after all who read, not after the last of them alone.
///
/// Red when: the CAS of `serve` that grants is Relaxed.
#[test]
fn a_writer_comes_after_every_reader() {
    each_policy(3, |lock| {
        let readers = [(); 2].map(|()| {
            let guard = lock.clone().try_read_owned().unwrap();
            spawn(move || drop(guard))
        });
        *block_on(lock.write()) += 1;
        for reader in readers {
            reader.join().unwrap();
        }
        assert_eq!(*lock.try_read().unwrap(), 1);
    });
}

/// A writer that cancels lets those in who waited behind it alone: the readers in front stay.
///
/// Red when: mutant "who leaves lets no reader in".
#[test]
fn a_writer_that_cancels_lets_readers_in() {
    each_policy(3, |lock| {
        let read = lock.try_read().unwrap();
        let quitter = spawn({
            let lock = lock.clone();
            move || assert!(poll_and_cancel(lock.write()).is_none())
        });
        let reader = spawn({
            let lock = lock.clone();
            move || assert_eq!(*block_on(lock.read()), 0)
        });
        quitter.join().unwrap();
        reader.join().unwrap();
        drop(read);
        assert!(lock.try_write().is_ok());
    });
}

/// A cancelled waiter passes on the call, or the turn, that it was given.
///
/// Red when: mutant "no re-grant on cancel" (fair) or "who leaves lets no reader in".
#[test]
fn a_cancelled_waiter_passes_its_turn_on() {
    each_policy(3, |lock| {
        let held = lock.try_write().unwrap();
        let quitter = spawn({
            let lock = lock.clone();
            move || drop(poll_and_cancel(lock.write()))
        });
        let stayer = spawn({
            let lock = lock.clone();
            move || drop(block_on(lock.write_owned()))
        });
        drop(held);
        quitter.join().unwrap();
        stayer.join().unwrap();
        assert!(lock.try_write().is_ok());
    });
}

/// A downgrade publishes what was written, and lets readers in while it goes on reading.
///
/// Red when: the subtraction of `exchange` is Relaxed, or mutant "a downgrade lets nobody in".
#[test]
fn a_downgrade_lets_readers_in() {
    each_policy(3, |lock| {
        let mut writer = lock.try_write().unwrap();
        let reader = spawn({
            let lock = lock.clone();
            move || *block_on(lock.read())
        });
        *writer += 1;
        let reading = writer.downgrade();
        assert_eq!(reader.join().unwrap(), 1);
        assert_eq!(*reading, 1);
    });
}

/// Nobody writes between a downgrade and the reading behind it.
///
/// Red when: `exchange` gives back first and takes then.
#[test]
fn a_downgrade_leaves_no_gap() {
    each_policy(3, |lock| {
        let mut writer = lock.try_write().unwrap();
        let other = spawn({
            let lock = lock.clone();
            move || *block_on(lock.write()) += 10
        });
        *writer += 1;
        let mut guard = RwLockWriteGuard::downgrade_to_upgradable(writer);
        assert_eq!(*guard, 1);
        *block_on(RwLockUpgradableReadGuard::upgrade_or_keep(&mut guard)) += 1;
        assert_eq!(*guard, 2);
        drop(guard);
        other.join().unwrap();
        assert_eq!(*lock.try_read().unwrap(), 12);
    });
}

/// Who may upgrade reads beside others; whoever comes after a downgrade to that sees all.
///
/// Red when: the CAS of `enter` is Relaxed.
#[test]
fn readers_come_in_beside_one_who_may_upgrade() {
    each_policy(3, |lock| {
        let other = spawn({
            let lock = lock.clone();
            move || {
                let mut writer = block_on(lock.write());
                *writer += 1;
                drop(RwLockWriteGuard::downgrade_to_upgradable(writer));
            }
        });
        let seen = lock.try_read().map(|value| *value);
        other.join().unwrap();
        assert!(matches!(seen, Ok(0 | 1) | Err(_)));
    });
}

/// An upgrade waits for the other readers, and comes after each of them.
///
/// Red when: mutant "an upgrade waits for no last reader", or the CAS of `serve` that grants is
/// Relaxed.
#[test]
fn an_upgrade_waits_for_the_readers() {
    each_policy(3, |lock| {
        let guard = lock.try_upgradable_read().unwrap();
        let readers = [(); 2].map(|()| {
            let reader = lock.clone().try_read_owned().unwrap();
            spawn(move || drop(reader))
        });
        *block_on(RwLockUpgradableReadGuard::upgrade(guard)) += 1;
        for reader in readers {
            reader.join().unwrap();
        }
        assert_eq!(*lock.try_read().unwrap(), 1);
    });
}

/// Two who upgrade, one after the other, and one who writes in between or not.
///
/// Red when: a waiting upgrade lets others past, or one that is granted is not woken.
#[test]
fn upgrades_take_turns() {
    each_policy(2, |lock| {
        let upgrade = |lock: Arc<RwLock<i32>>| {
            let guard = block_on(lock.upgradable_read_owned());
            let before = *guard;
            let mut guard = block_on(OwnedRwLockUpgradableReadGuard::upgrade(guard));
            assert_eq!(*guard, before, "somebody wrote in between");
            *guard += 1;
        };
        let other = spawn({
            let lock = lock.clone();
            move || upgrade(lock)
        });
        let reader = spawn({
            let lock = lock.clone();
            move || *block_on(lock.read())
        });
        upgrade(lock.clone());
        other.join().unwrap();
        reader.join().unwrap();
        assert_eq!(*lock.try_read().unwrap(), 2);
    });
}

/// An upgrade that is cancelled leaves the guard reading, and lets those in who waited for it alone.
///
/// Red when: mutant "who leaves lets no reader in" or "no re-grant on cancel".
#[test]
fn a_cancelled_upgrade_keeps_the_guard() {
    each_policy(3, |lock| {
        let mut guard = lock.try_upgradable_read().unwrap();
        let first = lock.clone().try_read_owned().unwrap();
        let leaver = spawn(move || drop(first));
        let reader = spawn({
            let lock = lock.clone();
            move || *block_on(lock.read())
        });
        let upgrade = RwLockUpgradableReadGuard::upgrade_or_keep(&mut guard);
        if let Some(mut guard) = poll_and_cancel(upgrade) {
            *guard += 1;
        }
        assert!(reader.join().unwrap() <= *guard);
        leaver.join().unwrap();
        assert!(lock.try_upgradable_read().is_err(), "the right to upgrade was lost");
        drop(guard);
        assert!(lock.try_write().is_ok());
    });
}

/// A reader that waits for room goes in when another leaves, while a third reads on.
///
/// Red when: mutant "room for a reader is lost".
#[test]
fn room_for_a_reader_is_given_on() {
    check(3, || {
        let lock = Arc::new(RwLock::with_max_readers(0, 2));
        let (stays, goes) = (lock.try_read().unwrap(), lock.try_read().unwrap());
        let reader = spawn({
            let lock = lock.clone();
            move || *block_on(lock.read())
        });
        drop(goes);
        reader.join().unwrap();
        drop(stays);
        assert!(lock.try_write().is_ok());
    });
}
