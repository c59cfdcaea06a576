//! The ways up and down: downgrades, and upgrades that are taken, cancelled and kept.

use std::{pin::pin, sync::Arc};

use selvedge::sync::{
    OwnedRwLockUpgradableReadGuard, OwnedRwLockWriteGuard, RwLock, RwLockUpgradableReadGuard,
    RwLockWriteGuard,
};

use super::{each, seen};
use crate::harness::{Meddler, PollWith, Watched, panics, poll, ready};

/// Semantics 37.
#[test]
fn a_downgrade_lets_readers_in_and_no_writer() {
    each(|lock| {
        let mut writer = lock.try_write().unwrap();
        let (early, late) = (Watched::new(), Watched::new());
        let mut reader = pin!(lock.read());
        let mut other = pin!(lock.write());
        let mut behind = pin!(lock.read());
        assert!(early.poll(reader.as_mut()).is_pending());
        assert!(late.poll(other.as_mut()).is_pending());
        assert!(late.poll(behind.as_mut()).is_pending());
        *writer = 7;
        let reading = writer.downgrade();
        assert_eq!((early.woken(), late.woken()), (1, 0));
        let beside = ready(reader.as_mut());
        assert_eq!((*reading, *beside), (7, 7));
        assert!(poll(other.as_mut()).is_pending());
        assert!(poll(behind.as_mut()).is_pending());
        assert!(lock.try_write().is_err());
        drop((reading, beside));
        *ready(other.as_mut()) += 1;
        assert_eq!(*ready(behind.as_mut()), 8);
    });
}

/// Semantics 37, for the way down to the right to write again.
#[test]
fn a_downgrade_to_upgradable_leaves_no_gap() {
    each(|lock| {
        let mut writer = lock.try_write().unwrap();
        let mut other = pin!(lock.write());
        assert!(poll(other.as_mut()).is_pending());
        *writer = 1;
        let guard = RwLockWriteGuard::downgrade_to_upgradable(writer);
        assert_eq!((seen(&lock), *guard), ((1, true, false, 1), 1));
        assert!(poll(other.as_mut()).is_pending());
        let mut writer = RwLockUpgradableReadGuard::try_upgrade(guard).unwrap();
        assert_eq!(*writer, 1);
        *writer = 2;
        drop(writer);
        assert_eq!(*ready(other.as_mut()), 2);
    });
}

/// Semantics 37: the right to upgrade passes on when it is given up, and reading goes on.
#[test]
fn giving_up_the_right_to_upgrade_passes_it_on() {
    each(|lock| {
        let guard = lock.try_upgradable_read().unwrap();
        let watched = Watched::new();
        let mut next = pin!(lock.upgradable_read());
        assert!(watched.poll(next.as_mut()).is_pending());
        let reading = RwLockUpgradableReadGuard::downgrade(guard);
        assert_eq!(watched.woken(), 1);
        let guard = ready(next.as_mut());
        assert_eq!((seen(&lock), *reading, *guard), ((2, true, false, 0), 0, 0));
    });
}

/// Semantics 38.
#[test]
fn one_may_upgrade_beside_readers() {
    each(|lock| {
        let reader = lock.try_read().unwrap();
        let guard = lock.try_upgradable_read().unwrap();
        assert!(lock.try_upgradable_read().is_err());
        let second = lock.try_read().unwrap();
        let guard = RwLockUpgradableReadGuard::try_upgrade(guard).unwrap_err();
        assert_eq!((*reader, *guard, seen(&lock)), (0, 0, (3, true, false, 0)));

        let watched = Watched::new();
        let mut upgrade = pin!(RwLockUpgradableReadGuard::upgrade(guard));
        assert!(watched.poll(upgrade.as_mut()).is_pending());
        assert!(lock.try_read().is_err(), "nobody comes in before an upgrade");
        drop(reader);
        assert_eq!(watched.woken(), 0);
        drop(second);
        assert_eq!(watched.woken(), 1);
        let mut writer = ready(upgrade.as_mut());
        *writer += 1;
        assert_eq!(seen(&lock), (0, false, true, 0));
        drop(writer);
        assert_eq!(*lock.try_read().unwrap(), 1);
    });
}

/// Semantics 38: an upgrade comes before all who stand in line.
#[test]
fn an_upgrade_goes_first() {
    each(|lock| {
        let guard = lock.try_upgradable_read().unwrap();
        let reader = lock.try_read().unwrap();
        let mut waiting = pin!(lock.write());
        let mut behind = pin!(lock.read());
        assert!(poll(waiting.as_mut()).is_pending());
        assert!(poll(behind.as_mut()).is_pending());
        let mut upgrade = pin!(RwLockUpgradableReadGuard::upgrade(guard));
        assert!(poll(upgrade.as_mut()).is_pending());
        drop(reader);
        let mut writer = ready(upgrade.as_mut());
        *writer = 1;
        assert!(poll(waiting.as_mut()).is_pending());
        drop(writer);
        let mut writer = ready(waiting.as_mut());
        assert_eq!(std::mem::replace(&mut *writer, 2), 1);
        drop(writer);
        assert_eq!(*ready(behind.as_mut()), 2);
    });
}

/// Semantics 38: readers that were called before an upgrade came do not keep it asleep.
#[test]
fn an_upgrade_is_woken_though_others_are_called() {
    let lock = RwLock::new(0);
    let held = lock.try_write().unwrap();
    let (mut one, mut two) = (Box::pin(lock.read()), Box::pin(lock.read()));
    assert!(poll(one.as_mut()).is_pending());
    assert!(poll(two.as_mut()).is_pending());
    drop(held);
    let guard = lock.try_upgradable_read().expect("the lock is free, and two are called");
    let reader = ready(one.as_mut());
    let watched = Watched::new();
    let mut upgrade = pin!(RwLockUpgradableReadGuard::upgrade(guard));
    assert!(watched.poll(upgrade.as_mut()).is_pending());
    drop(reader);
    assert_eq!(watched.woken(), 1);
    let writer = ready(upgrade.as_mut());
    assert!(poll(two.as_mut()).is_pending());
    drop(writer);
    drop(ready(two.as_mut()));
    assert_eq!(seen(&lock), (0, false, false, 0));
}

/// Semantics 38: a cancelled upgrade releases.
#[test]
fn a_cancelled_upgrade_gives_the_lock_back() {
    each(|lock| {
        for granted in [false, true] {
            let reader = lock.try_read().unwrap();
            let mut upgrade =
                Box::pin(RwLockUpgradableReadGuard::upgrade(lock.try_upgradable_read().unwrap()));
            assert!(poll(upgrade.as_mut()).is_pending());
            let watched = Watched::new();
            let mut next = pin!(lock.write());
            assert!(watched.poll(next.as_mut()).is_pending());
            if granted {
                drop(reader);
                drop(upgrade);
            } else {
                drop(upgrade);
                assert_eq!(seen(&lock), (1, false, false, 1));
                drop(reader);
            }
            assert_eq!(watched.woken(), 1);
            drop(ready(next.as_mut()));
        }
    });
}

/// Semantics 38: an upgrade that keeps its guard, dropped at every poll.
#[test]
fn a_cancelled_upgrade_may_keep_the_guard() {
    each(|lock| {
        for granted in [false, true] {
            let reader = lock.try_read().unwrap();
            let mut guard = lock.try_upgradable_read().unwrap();
            let mut upgrade = Box::pin(RwLockUpgradableReadGuard::upgrade_or_keep(&mut guard));
            assert!(poll(upgrade.as_mut()).is_pending());
            let watched = Watched::new();
            let mut next = pin!(lock.read());
            assert!(watched.poll(next.as_mut()).is_pending());
            let reader = if granted {
                drop(reader);
                None
            } else {
                Some(reader)
            };
            drop(upgrade);
            assert_eq!(watched.woken(), 1, "it waited for the upgrade alone");
            let beside = ready(next.as_mut());
            assert_eq!((*guard, *beside), (0, 0));
            assert!(lock.try_upgradable_read().is_err());
            drop((reader, beside));
            *ready(pin!(RwLockUpgradableReadGuard::upgrade_or_keep(&mut guard))) += 1;
            assert_eq!(seen(&lock), (1, true, false, 0), "it reads again");
            *ready(pin!(RwLockUpgradableReadGuard::upgrade_or_keep(&mut guard))) -= 1;
        }
    });
}

/// Semantics 38: who waits for the right to upgrade goes in with the readers around it.
#[test]
fn a_run_holds_one_who_may_upgrade() {
    each(|lock| {
        let held = lock.try_write().unwrap();
        let (run, behind) = (Watched::new(), Watched::new());
        let (mut a, mut b, mut c) =
            (pin!(lock.read()), pin!(lock.upgradable_read()), pin!(lock.read()));
        let (mut d, mut e) = (pin!(lock.upgradable_read()), pin!(lock.read()));
        assert!(run.poll(a.as_mut()).is_pending());
        assert!(run.poll(b.as_mut()).is_pending());
        assert!(run.poll(c.as_mut()).is_pending());
        assert!(behind.poll(d.as_mut()).is_pending());
        assert!(behind.poll(e.as_mut()).is_pending());
        drop(held);
        assert_eq!((run.woken(), behind.woken()), (3, 0));
        let (a, b, c) = (ready(a.as_mut()), ready(b.as_mut()), ready(c.as_mut()));
        assert_eq!(seen(&lock), (3, true, false, 2));
        drop(b);
        assert_eq!(behind.woken(), 2);
        drop((ready(d.as_mut()), ready(e.as_mut()), a, c));
        assert_eq!(seen(&lock), (0, false, false, 0));
    });
}

#[test]
fn owned_guards_keep_the_lock_alive() {
    let lock = Arc::new(RwLock::new((1, "weft".to_owned())));
    let guard = ready(pin!(lock.clone().upgradable_read_owned()));
    assert!(Arc::ptr_eq(OwnedRwLockUpgradableReadGuard::rwlock(&guard), &lock));
    let weak = Arc::downgrade(&lock);
    drop(lock);
    let mut writer = ready(pin!(OwnedRwLockUpgradableReadGuard::upgrade(guard)));
    assert_eq!(weak.strong_count(), 1);
    writer.0 = 2;
    let mut guard = OwnedRwLockWriteGuard::downgrade_to_upgradable(writer);
    ready(pin!(OwnedRwLockUpgradableReadGuard::upgrade_or_keep(&mut guard))).0 += 1;
    let reader = OwnedRwLockUpgradableReadGuard::downgrade(guard);
    assert_eq!((reader.0, weak.strong_count()), (3, 1));
    drop(reader);
    assert!(weak.upgrade().is_none());
}

/// A downgrade whose wake-up panics ends the guard: the reading that it had become is given back.
#[test]
fn a_waker_that_panics_in_a_downgrade_leaves_the_lock_free() {
    each(|lock| {
        for to_upgradable in [false, true] {
            let writer = lock.try_write().unwrap();
            let bad = Meddler::waker(|| panic!("on purpose"), || ());
            let mut reader = Box::pin(lock.read());
            assert!(reader.as_mut().poll_with(&bad).is_pending());
            assert!(panics(|| match to_upgradable {
                false => drop(writer.downgrade()),
                true => drop(RwLockWriteGuard::downgrade_to_upgradable(writer)),
            }));
            drop(ready(reader.as_mut()));
            assert_eq!(seen(&lock), (0, false, false, 0));
        }
    });
}
