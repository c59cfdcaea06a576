//! A mutex a key, polled by hand.

use std::{
    hash::{BuildHasherDefault, Hash, Hasher, RandomState},
    pin::pin,
    sync::{Arc, Mutex},
    thread,
};

use selvedge::sync::{KeyedMutex, KeyedMutexGuard, OwnedKeyedMutexGuard};

use crate::{
    harness::{Watched, poll, ready},
    sweep::{Report, Swept},
};

#[test]
fn each_key_is_held_by_one() {
    let locks = KeyedMutex::new();
    let guard = locks.try_lock("warp").unwrap();
    assert_eq!(guard.key(), &"warp");
    assert!(locks.try_lock("warp").is_err());
    let other = locks.try_lock("weft").unwrap();
    assert_eq!(locks.len(), 2);
    let watched = Watched::new();
    let mut wait = pin!(locks.lock("warp"));
    assert!(watched.poll(wait.as_mut()).is_pending());
    drop(other);
    assert_eq!((watched.woken(), locks.len()), (0, 1));
    drop(guard);
    assert_eq!((watched.woken(), locks.len()), (1, 1), "it is on its way");
    assert_eq!(ready(wait.as_mut()).key(), &"warp");
    assert!(locks.is_empty());
}

/// An entry exists only while somebody holds it or waits for it.
#[test]
fn nothing_is_kept_of_a_key() {
    let locks = Arc::new(KeyedMutex::new());
    let key = Arc::new(7);
    let guard = locks.clone().try_lock_owned(key.clone()).unwrap();
    assert_eq!(guard.key(), &key);
    let mut wait = Box::pin(locks.lock(key.clone()));
    assert!(poll(wait.as_mut()).is_pending());
    let mut owned = Box::pin(locks.clone().lock_owned(key.clone()));
    assert!(poll(owned.as_mut()).is_pending());
    assert!(locks.try_lock(key.clone()).is_err());
    drop(wait);
    assert_eq!(locks.len(), 1);
    drop(guard);
    drop(ready(owned.as_mut()));
    drop(owned);
    assert_eq!((locks.len(), Arc::strong_count(&key)), (0, 1));
}

/// Keys with one hash are told apart, and each is dropped with its last user.
#[test]
fn equal_hashes_are_no_equal_keys() {
    #[derive(Default)]
    struct Same;
    impl Hasher for Same {
        fn finish(&self) -> u64 {
            7
        }
        fn write(&mut self, _: &[u8]) {}
    }
    let locks = KeyedMutex::with_hasher(BuildHasherDefault::<Same>::default());
    let guards: Vec<_> = (0..5).map(|key| locks.try_lock(key).unwrap()).collect();
    assert!((0..5).all(|key| locks.try_lock(key).is_err()));
    assert_eq!(locks.len(), 5);
    let mut guards = guards.into_iter();
    drop(guards.nth(2));
    assert_eq!(locks.len(), 2);
    assert!(locks.try_lock(2).is_ok() && locks.try_lock(3).is_err());
    drop(guards);
    assert!(locks.is_empty());
}

/// Keys are hashed, compared and dropped with no lock of ours held: they may use the map.
#[test]
fn keys_may_call_back() {
    static LOCKS: KeyedMutex<Meddling> = KeyedMutex::new();
    static DROPPED: Mutex<u32> = Mutex::new(0);
    struct Meddling(u8);
    impl Hash for Meddling {
        fn hash<H: Hasher>(&self, state: &mut H) {
            let _ = LOCKS.len();
            0.hash(state);
        }
    }
    impl PartialEq for Meddling {
        fn eq(&self, other: &Self) -> bool {
            let _ = LOCKS.len();
            self.0 == other.0
        }
    }
    impl Eq for Meddling {}
    impl Drop for Meddling {
        fn drop(&mut self) {
            let _ = LOCKS.len();
            *DROPPED.lock().unwrap() += 1;
        }
    }
    let first = LOCKS.try_lock(Meddling(1)).unwrap();
    let second = LOCKS.try_lock(Meddling(2)).unwrap();
    assert!(LOCKS.try_lock(Meddling(1)).is_err());
    drop((first, second));
    assert_eq!((*DROPPED.lock().unwrap(), LOCKS.len()), (3, 0));
}

#[test]
fn threads_take_turns_at_each_key() {
    let locks = Arc::new(KeyedMutex::with_hasher(RandomState::new()));
    let counts: Arc<[Mutex<u32>; 2]> = Arc::default();
    let threads = [0, 1, 0, 1].map(|key| {
        let (locks, counts) = (locks.clone(), counts.clone());
        thread::spawn(move || {
            for _ in 0..300 {
                let _guard = locks.blocking_lock(key);
                // Nobody else is at it.
                *counts[key].try_lock().unwrap() += 1;
            }
        })
    });
    for thread in threads {
        thread.join().unwrap();
    }
    assert!(counts.iter().all(|count| *count.lock().unwrap() == 600));
    assert!(locks.is_empty());
}

#[test]
fn debug_shows_keys_and_who_waits() {
    let locks = Arc::new(KeyedMutex::<u8>::default());
    let guard: KeyedMutexGuard<'_, u8> = locks.try_lock(7).unwrap();
    assert_eq!(format!("{locks:?} {guard:?}"), "{7: 0} KeyedMutexGuard { key: 7 }");
    let owned: OwnedKeyedMutexGuard<u8> = locks.clone().try_lock_owned(8).unwrap();
    assert_eq!(format!("{owned:?}"), "OwnedKeyedMutexGuard { key: 8 }");
}

pub(crate) fn sweep(report: Report<'_>) {
    type Held = Mutex<Option<OwnedKeyedMutexGuard<u8>>>;
    struct Keys {
        locks: Arc<KeyedMutex<u8>>,
        held: Held,
    }
    let keys = |name, wait| Swept {
        name,
        make: || {
            let locks = Arc::new(KeyedMutex::new());
            Keys { held: Mutex::new(locks.clone().try_lock_owned(7).ok()), locks }
        },
        wait,
        free: |keys: &Keys| {
            let held = keys.held.lock().unwrap().take();
            drop(held);
        },
        waiting: |keys| {
            let seen = format!("{:?}", keys.locks);
            seen.trim_matches(['{', '}', '7', ':', ' ']).parse().unwrap_or(0)
        },
        is_free: |keys| keys.locks.is_empty(),
        close: None,
    };
    keys("KeyedMutex::lock", |keys| {
        let locks = keys.locks.clone();
        Box::pin(async move { *locks.lock(7).await.key() == 7 })
    })
    .sweep(report);
    keys("KeyedMutex::lock_owned", |keys| {
        let lock = keys.locks.clone().lock_owned(7);
        Box::pin(async move { *lock.await.key() == 7 })
    })
    .sweep(report);
}
