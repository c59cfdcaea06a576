use selvedge::sync::{
    Condvar, CondvarStatistics, CondvarWait, CondvarWaitWhile, MutexGuard, OwnedMutexGuard,
};

use super::*;

type Asks<T> = fn(&mut T) -> bool;

#[test]
fn traits() {
    send_sync_unpin! {
        Condvar: 1 1 1; CondvarStatistics: 1 1 1;
        CondvarWait<'static, MutexGuard<'static, NN>>: 0 0 0;
        CondvarWait<'static, MutexGuard<'static, YN>>: 1 0 0;
        CondvarWait<'static, MutexGuard<'static, YY>>: 1 1 0;
        CondvarWait<'static, OwnedMutexGuard<NN>>: 0 0 0;
        CondvarWait<'static, OwnedMutexGuard<YN>>: 1 0 0;
        CondvarWait<'static, OwnedMutexGuard<YY>>: 1 1 0;
        CondvarWaitWhile<'static, MutexGuard<'static, NN>, Asks<NN>>: 0 0 0;
        CondvarWaitWhile<'static, MutexGuard<'static, YY>, Asks<YY>>: 1 1 0;
        CondvarWaitWhile<'static, MutexGuard<'static, YY>, NN>: 0 0 0;
        CondvarWaitWhile<'static, OwnedMutexGuard<YN>, Asks<YN>>: 1 0 0;
        CondvarWaitWhile<'static, OwnedMutexGuard<YY>, Asks<YY>>: 1 1 0;
    }
    unwinds::<Condvar>();
}

#[test]
fn sizes() {
    at_most! {
        Condvar: 4;
        CondvarWait<'static, MutexGuard<'static, u8>>: 26;
        CondvarWait<'static, OwnedMutexGuard<u8>>: 26;
        CondvarWaitWhile<'static, MutexGuard<'static, u8>, Asks<u8>>: 30;
    }
}
