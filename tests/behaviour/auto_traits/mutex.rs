use std::marker::PhantomPinned;

use selvedge::sync::{
    Lock, LockOwned, MappedMutexGuard, Mutex, MutexGuard, OwnedMappedMutexGuard, OwnedMutexGuard,
    TryLockError,
};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Mutex<NN>: 0 0 1; Mutex<YN>: 1 1 1; Mutex<YY>: 1 1 1; Mutex<NY>: 0 0 1;
        Mutex<PhantomPinned>: 1 1 0;
        MutexGuard<'static, NN>: 0 0 1; MutexGuard<'static, YN>: 1 0 1;
        MutexGuard<'static, YY>: 1 1 1; MutexGuard<'static, NY>: 0 0 1;
        MutexGuard<'static, PhantomPinned>: 1 1 1;
        MappedMutexGuard<'static, NN>: 0 0 1; MappedMutexGuard<'static, YN>: 1 0 1;
        MappedMutexGuard<'static, YY>: 1 1 1; MappedMutexGuard<'static, NY>: 0 1 1;
        OwnedMutexGuard<NN>: 0 0 1; OwnedMutexGuard<YN>: 1 0 1; OwnedMutexGuard<YY>: 1 1 1;
        OwnedMutexGuard<NY>: 0 0 1; OwnedMutexGuard<PhantomPinned>: 1 1 1;
        OwnedMappedMutexGuard<NN, YY>: 0 0 1; OwnedMappedMutexGuard<YN, YY>: 1 0 1;
        OwnedMappedMutexGuard<YY, NN>: 0 0 1; OwnedMappedMutexGuard<YY, YN>: 1 0 1;
        OwnedMappedMutexGuard<YY, YY>: 1 1 1;
        Lock<'static, NN>: 0 0 0; Lock<'static, YN>: 1 1 0; Lock<'static, YY>: 1 1 0;
        LockOwned<NN>: 0 0 0; LockOwned<YN>: 1 1 0; LockOwned<YY>: 1 1 0;
        TryLockError: 1 1 1;
    }
    unwinds::<Mutex<u8>>();
    unwinds::<MutexGuard<'static, u8>>();
    unwinds::<MappedMutexGuard<'static, u8>>();
    unwinds::<OwnedMutexGuard<u8>>();
    unwinds::<OwnedMappedMutexGuard<u8, u8>>();
    unwinds::<TryLockError>();
    is_error::<TryLockError>();
}

#[test]
fn sizes() {
    at_most! {
        Mutex<()>: 4;
        MutexGuard<'static, u8>: 2; Option<MutexGuard<'static, u8>>: 2;
        MutexGuard<'static, [u8]>: 4; MutexGuard<'static, dyn Send>: 4;
        MappedMutexGuard<'static, u8>: 2; Option<MappedMutexGuard<'static, dyn Send>>: 3;
        OwnedMutexGuard<u8>: 2; OwnedMappedMutexGuard<u8, u8>: 2; OwnedMappedMutexGuard<u8, str>: 3;
        Lock<'static, u8>: 11; LockOwned<u8>: 11;
        TryLockError: 0;
    }
}
