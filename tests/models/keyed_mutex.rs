//! What must hold of a mutex a key in every interleaving.

use std::sync::Arc;

use loom::cell::UnsafeCell;
use selvedge::sync::KeyedMutex;

use crate::runner::{block_on, check, poll_and_cancel, spawn};

struct Account {
    locks: KeyedMutex<u8>,
    sum: UnsafeCell<u32>,
}

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Sync for Account {}

/// One key is mutual exclusion, though its entry comes and goes; nothing of it is kept.
///
/// Red when: mutants "buckets are overwritten" and "unused entries stay".
#[test]
fn one_key_excludes() {
    check(2, || {
        let account = Arc::new(Account { locks: KeyedMutex::new(), sum: UnsafeCell::new(0) });
        let others = [(); 2].map(|()| {
            let account = account.clone();
            spawn(move || {
                let _guard = block_on(account.locks.lock(7));
                account.sum.with_mut(|_| ());
            })
        });
        if let Ok(_guard) = account.locks.try_lock(7) {
            account.sum.with_mut(|_| ());
        }
        for other in others {
            other.join().unwrap();
        }
        assert!(account.locks.is_empty());
    });
}

/// A waiter that was handed the key and cancels hands it on.
///
/// Red when: mutants "a call is not passed on" and "unused entries stay".
#[test]
fn a_cancelled_waiter_hands_on() {
    check(3, || {
        let locks = Arc::new(KeyedMutex::new());
        let held = locks.try_lock(7).unwrap();
        let quitter = {
            let locks = locks.clone();
            spawn(move || drop(poll_and_cancel(locks.lock(7))))
        };
        let stayer = {
            let locks = locks.clone();
            spawn(move || drop(block_on(locks.lock_owned(7))))
        };
        drop(held);
        quitter.join().unwrap();
        stayer.join().unwrap();
        assert!(locks.is_empty());
    });
}
