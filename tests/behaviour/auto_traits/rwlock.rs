use std::marker::PhantomPinned;

use selvedge::sync::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockUpgradableReadGuard,
    OwnedRwLockWriteGuard, RwLock, RwLockMappedWriteGuard, RwLockRead, RwLockReadGuard,
    RwLockReadOwned, RwLockStatistics, RwLockUpgradableRead, RwLockUpgradableReadGuard,
    RwLockUpgradableReadOwned, RwLockUpgrade, RwLockUpgradeOrKeep, RwLockUpgradeOwned,
    RwLockUpgradedGuard, RwLockWrite, RwLockWriteGuard, RwLockWriteOwned,
};

use super::*;

/// A guard that writes may come to read, so that it crosses threads only if readers may share.
#[test]
fn traits() {
    send_sync_unpin! {
        RwLock<NN>: 0 0 1; RwLock<YN>: 1 0 1; RwLock<YY>: 1 1 1; RwLock<NY>: 0 0 1;
        RwLock<PhantomPinned>: 1 1 0;
        RwLockReadGuard<'static, NN>: 0 0 1; RwLockReadGuard<'static, YN>: 0 0 1;
        RwLockReadGuard<'static, YY>: 1 1 1; RwLockReadGuard<'static, NY>: 1 1 1;
        RwLockUpgradableReadGuard<'static, NN>: 0 0 1; RwLockUpgradableReadGuard<'static, YN>: 0 0 1;
        RwLockUpgradableReadGuard<'static, YY>: 1 1 1; RwLockUpgradableReadGuard<'static, NY>: 0 1 1;
        RwLockWriteGuard<'static, NN>: 0 0 1; RwLockWriteGuard<'static, YN>: 0 0 1;
        RwLockWriteGuard<'static, YY>: 1 1 1; RwLockWriteGuard<'static, NY>: 0 1 1;
        RwLockWriteGuard<'static, PhantomPinned>: 1 1 1;
        RwLockMappedWriteGuard<'static, NN>: 0 0 1; RwLockMappedWriteGuard<'static, YN>: 0 0 1;
        RwLockMappedWriteGuard<'static, YY>: 1 1 1; RwLockMappedWriteGuard<'static, NY>: 0 1 1;
        RwLockUpgradedGuard<'static, NN>: 0 0 1; RwLockUpgradedGuard<'static, YN>: 0 0 1;
        RwLockUpgradedGuard<'static, YY>: 1 1 1; RwLockUpgradedGuard<'static, NY>: 0 1 1;
        OwnedRwLockReadGuard<NN>: 0 0 1; OwnedRwLockReadGuard<YN>: 0 0 1;
        OwnedRwLockReadGuard<YY>: 1 1 1; OwnedRwLockReadGuard<NY>: 0 0 1;
        OwnedRwLockReadGuard<NN, YY>: 0 0 1; OwnedRwLockReadGuard<YN, YY>: 0 0 1;
        OwnedRwLockReadGuard<YY, NN>: 0 0 1; OwnedRwLockReadGuard<YY, YN>: 0 0 1;
        OwnedRwLockReadGuard<YY, NY>: 1 1 1; OwnedRwLockReadGuard<PhantomPinned>: 1 1 1;
        OwnedRwLockUpgradableReadGuard<NN>: 0 0 1; OwnedRwLockUpgradableReadGuard<YN>: 0 0 1;
        OwnedRwLockUpgradableReadGuard<YY>: 1 1 1; OwnedRwLockUpgradableReadGuard<NY>: 0 0 1;
        OwnedRwLockWriteGuard<NN>: 0 0 1; OwnedRwLockWriteGuard<YN>: 0 0 1;
        OwnedRwLockWriteGuard<YY>: 1 1 1; OwnedRwLockWriteGuard<NY>: 0 0 1;
        OwnedRwLockMappedWriteGuard<NN, YY>: 0 0 1; OwnedRwLockMappedWriteGuard<YN, YY>: 0 0 1;
        OwnedRwLockMappedWriteGuard<YY, NN>: 0 0 1; OwnedRwLockMappedWriteGuard<YY, YN>: 1 0 1;
        OwnedRwLockMappedWriteGuard<YY, YY>: 1 1 1;
        RwLockRead<'static, NN>: 0 0 0; RwLockRead<'static, YN>: 0 0 0;
        RwLockRead<'static, YY>: 1 1 0;
        RwLockUpgradableRead<'static, YN>: 0 0 0; RwLockUpgradableRead<'static, YY>: 1 1 0;
        RwLockWrite<'static, YN>: 0 0 0; RwLockWrite<'static, YY>: 1 1 0;
        RwLockReadOwned<YN>: 0 0 0; RwLockReadOwned<YY>: 1 1 0;
        RwLockUpgradableReadOwned<YN>: 0 0 0; RwLockUpgradableReadOwned<YY>: 1 1 0;
        RwLockWriteOwned<YN>: 0 0 0; RwLockWriteOwned<YY>: 1 1 0;
        RwLockUpgrade<'static, YN>: 0 0 0; RwLockUpgrade<'static, YY>: 1 1 0;
        RwLockUpgradeOwned<YN>: 0 0 0; RwLockUpgradeOwned<YY>: 1 1 0;
        RwLockUpgradeOrKeep<'static, YN>: 0 0 0; RwLockUpgradeOrKeep<'static, YY>: 1 1 0;
        RwLockStatistics: 1 1 1;
    }
    unwinds::<RwLock<u8>>();
    unwinds::<RwLockReadGuard<'static, u8>>();
    unwinds::<RwLockUpgradableReadGuard<'static, u8>>();
    unwinds::<RwLockWriteGuard<'static, u8>>();
    unwinds::<RwLockMappedWriteGuard<'static, u8>>();
    unwinds::<RwLockUpgradedGuard<'static, u8>>();
    unwinds::<OwnedRwLockReadGuard<u8>>();
    unwinds::<OwnedRwLockUpgradableReadGuard<u8>>();
    unwinds::<OwnedRwLockWriteGuard<u8>>();
    unwinds::<OwnedRwLockMappedWriteGuard<u8>>();
}

#[test]
fn sizes() {
    at_most! {
        RwLock<()>: 5;
        RwLockReadGuard<'static, u8>: 2; Option<RwLockReadGuard<'static, u8>>: 2;
        RwLockReadGuard<'static, dyn Send>: 3; RwLockWriteGuard<'static, u8>: 2;
        RwLockWriteGuard<'static, dyn Send>: 3; RwLockMappedWriteGuard<'static, u8>: 2;
        RwLockUpgradableReadGuard<'static, u8>: 2; RwLockUpgradedGuard<'static, u8>: 4;
        OwnedRwLockReadGuard<u8>: 2; OwnedRwLockReadGuard<u8, str>: 3;
        OwnedRwLockWriteGuard<u8>: 2; OwnedRwLockUpgradableReadGuard<u8>: 2;
        OwnedRwLockMappedWriteGuard<u8, u8>: 2;
        RwLockRead<'static, u8>: 11; RwLockWrite<'static, u8>: 11;
        RwLockUpgradableRead<'static, u8>: 11; RwLockReadOwned<u8>: 11; RwLockWriteOwned<u8>: 11;
        RwLockUpgradableReadOwned<u8>: 11; RwLockUpgrade<'static, u8>: 13;
        RwLockUpgradeOwned<u8>: 13; RwLockUpgradeOrKeep<'static, u8>: 14;
    }
}
