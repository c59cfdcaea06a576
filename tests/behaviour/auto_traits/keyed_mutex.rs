use selvedge::sync::{KeyedMutex, KeyedMutexGuard, LockKey, LockKeyOwned, OwnedKeyedMutexGuard};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        KeyedMutex<NN>: 0 0 1; KeyedMutex<YN>: 0 0 1; KeyedMutex<YY>: 1 1 1;
        KeyedMutexGuard<'static, NN>: 0 0 1; KeyedMutexGuard<'static, YN>: 0 0 1;
        KeyedMutexGuard<'static, YY>: 1 1 1; OwnedKeyedMutexGuard<YY>: 1 1 1;
        OwnedKeyedMutexGuard<NY>: 0 0 1;
        LockKey<'static, NN>: 0 0 0; LockKey<'static, YY>: 1 1 0; LockKeyOwned<YY>: 1 1 0;
    }
    unwinds::<KeyedMutex<u8>>();
}

#[test]
fn sizes() {
    at_most! { KeyedMutex<u8>: 72; KeyedMutexGuard<'static, u8>: 3; LockKey<'static, u8>: 13; }
}
