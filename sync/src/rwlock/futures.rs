//! The futures of a readers-writer lock.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use super::{
    OwnedRwLockReadGuard, OwnedRwLockUpgradableReadGuard, OwnedRwLockWriteGuard, RwLock,
    RwLockReadGuard, RwLockUpgradableReadGuard, RwLockUpgradedGuard, RwLockWriteGuard,
    turns::{Core, MayUpgrade, Reads, Upgrades, Writes},
};
use crate::raw::{guard::StandIn, line::Wait};

/// A future that stands in line and becomes a guard.
macro_rules! waits {
    ($(#[$doc:meta])* [$($generics:tt)*] $name:ident<$($arg:tt),+> => $guard:ident, $handle:ty, $mode:ident) => {
        pin_project! {
            $(#[$doc])*
            #[must_use = "futures do nothing unless polled"]
            pub struct $name<$($generics)*> {
                #[pin]
                wait: Wait<$handle, $mode>,
            }
        }

        impl<$($generics)*> $name<$($arg),+> {
            #[inline(always)]
            #[track_caller]
            pub(super) fn new(lock: $handle) -> Self {
                Self { wait: Wait::new(lock, $mode) }
            }
        }

        impl<$($generics)*> Future for $name<$($arg),+> {
            type Output = $guard<$($arg),+>;

            #[inline(always)]
            #[cfg_attr(selvedge_loom, track_caller)]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let turn = ready!(self.project().wait.poll_turn(cx)).expect("a lock is never closed");
                Poll::Ready($guard::new(turn))
            }
        }

        impl<$($generics)*> fmt::Debug for $name<$($arg),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

waits! {
    /// The future of [`RwLock::read`].
    ['a, T: ?Sized] RwLockRead<'a, T> => RwLockReadGuard, &'a RwLock<T>, Reads
}
waits! {
    /// The future of [`RwLock::upgradable_read`].
    ['a, T: ?Sized] RwLockUpgradableRead<'a, T> =>
    RwLockUpgradableReadGuard, &'a RwLock<T>, MayUpgrade
}
waits! {
    /// The future of [`RwLock::write`].
    ['a, T: ?Sized] RwLockWrite<'a, T> => RwLockWriteGuard, &'a RwLock<T>, Writes
}
waits! {
    /// The future of [`RwLock::read_owned`].
    [T: ?Sized] RwLockReadOwned<T> => OwnedRwLockReadGuard, Arc<RwLock<T>>, Reads
}
waits! {
    /// The future of [`RwLock::upgradable_read_owned`].
    [T: ?Sized] RwLockUpgradableReadOwned<T> =>
    OwnedRwLockUpgradableReadGuard, Arc<RwLock<T>>, MayUpgrade
}
waits! {
    /// The future of [`RwLock::write_owned`].
    [T: ?Sized] RwLockWriteOwned<T> => OwnedRwLockWriteGuard, Arc<RwLock<T>>, Writes
}

/// A future that holds an upgradable guard and becomes one that writes.
macro_rules! upgrades {
    ($(#[$doc:meta])* [$($generics:tt)*] $name:ident<$($arg:tt),+> => $from:ident, $to:ident, $handle:ty, |$guard:ident| $lock:expr) => {
        pin_project! {
            $(#[$doc])*
            #[must_use = "futures do nothing unless polled"]
            pub struct $name<$($generics)*> {
                // The order of the fields is the order in which they go: an upgrade that was
                // granted and not taken goes back to what the guard has, and then the guard goes.
                #[pin]
                wait: Wait<$handle, Upgrades>,
                guard: Option<$from<$($arg),+>>,
            }
        }

        impl<$($generics)*> $name<$($arg),+> {
            #[track_caller]
            pub(super) fn new($guard: $from<$($arg),+>) -> Self {
                Self { wait: Wait::new($lock, Upgrades), guard: Some($guard) }
            }
        }

        impl<$($generics)*> Future for $name<$($arg),+> {
            type Output = $to<$($arg),+>;

            #[cfg_attr(selvedge_loom, track_caller)]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let this = self.project();
                let turn = ready!(this.wait.poll_turn(cx)).expect("a lock is never closed");
                // From here on it is the guard's.
                let _ = turn.into_handle();
                let guard = this.guard.take().expect("it is there until the wait is over");
                Poll::Ready($from::upgraded(guard))
            }
        }

        impl<$($generics)*> fmt::Debug for $name<$($arg),+> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

upgrades! {
    /// The future of [`RwLockUpgradableReadGuard::upgrade`].
    ['a, T: ?Sized] RwLockUpgrade<'a, T> =>
    RwLockUpgradableReadGuard, RwLockWriteGuard, &'a Core, |guard| guard.core()
}
upgrades! {
    /// The future of [`OwnedRwLockUpgradableReadGuard::upgrade`].
    [T: ?Sized] RwLockUpgradeOwned<T> =>
    OwnedRwLockUpgradableReadGuard, OwnedRwLockWriteGuard, Arc<RwLock<T>>,
    |guard| OwnedRwLockUpgradableReadGuard::rwlock(&guard).clone()
}

pin_project! {
    /// The future of [`RwLockUpgradableReadGuard::upgrade_or_keep`].
    #[must_use = "futures do nothing unless polled"]
    pub struct RwLockUpgradeOrKeep<'g, T: ?Sized> {
        #[pin]
        wait: Wait<&'g Core, Upgrades>,
        stand_in: Option<StandIn<'g, T>>,
        _borrows: PhantomData<&'g T>,
    }
}

impl<'g, T: ?Sized> RwLockUpgradeOrKeep<'g, T> {
    #[track_caller]
    pub(super) fn new(core: &'g Core, stand_in: StandIn<'g, T>) -> Self {
        let wait = Wait::new(core, Upgrades);
        Self { wait, stand_in: Some(stand_in), _borrows: PhantomData }
    }
}

impl<'g, T: ?Sized> Future for RwLockUpgradeOrKeep<'g, T> {
    type Output = RwLockUpgradedGuard<'g, T>;

    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let turn = ready!(this.wait.poll_turn(cx)).expect("a lock is never closed");
        let stand_in = this.stand_in.take().expect("it is there until the wait is over");
        Poll::Ready(RwLockUpgradedGuard::new(turn, stand_in))
    }
}

impl<T: ?Sized> fmt::Debug for RwLockUpgradeOrKeep<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RwLockUpgradeOrKeep").finish_non_exhaustive()
    }
}
