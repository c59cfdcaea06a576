//! The guards of a readers-writer lock: borrowed or owned, of the whole value or of a part.

use alloc::{boxed::Box, sync::Arc};
use core::marker::PhantomData;

use super::{
    RwLock, RwLockUpgrade, RwLockUpgradeOrKeep, RwLockUpgradeOwned,
    turns::{Ask, Core, MayUpgrade, Reads, Upgrades, Writes},
};
use crate::raw::{
    guard::{Hold, Lent, Paused, Shared, StandIn, Unique, guard, map},
    line::{Answer, Primitive, Turn, Turns},
};

/// Access to the value of a [`RwLock`] for reading, or to a part of it, until dropped.
#[must_use = "the lock is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    lent: Lent<&'a Core, Reads, Shared<T>>,
    _borrows: PhantomData<&'a T>,
}

/// Access to the value of a [`RwLock`] for reading that may come to write, until dropped.
#[must_use = "the lock is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct RwLockUpgradableReadGuard<'a, T: ?Sized> {
    lent: Lent<&'a Core, MayUpgrade, Unique<T>>,
    _borrows: PhantomData<&'a T>,
}

/// Access to the value of a [`RwLock`] for writing, until dropped.
#[must_use = "the lock is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    lent: Lent<&'a Core, Writes, Unique<T>>,
    _borrows: PhantomData<&'a T>,
}

/// Access to a part of the value of a [`RwLock`] for writing, until dropped.
#[must_use = "the lock is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct RwLockMappedWriteGuard<'a, T: ?Sized> {
    lent: Lent<&'a Core, Writes, Unique<T>>,
    _borrows: PhantomData<&'a T>,
}

/// A [`RwLockReadGuard`] that keeps the lock alive by an [`Arc`]: of [`RwLock::read_owned`].
#[must_use = "the lock is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct OwnedRwLockReadGuard<T: ?Sized, U: ?Sized = T> {
    lent: Lent<Arc<RwLock<T>>, Reads, Shared<U>>,
    _owns: PhantomData<Box<T>>,
}

/// A [`RwLockUpgradableReadGuard`] that keeps the lock alive by an [`Arc`]: of
/// [`RwLock::upgradable_read_owned`].
#[must_use = "the lock is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct OwnedRwLockUpgradableReadGuard<T: ?Sized> {
    lent: Lent<Arc<RwLock<T>>, MayUpgrade, Unique<T>>,
    _owns: PhantomData<Box<T>>,
}

/// A [`RwLockWriteGuard`] that keeps the lock alive by an [`Arc`]: of [`RwLock::write_owned`].
#[must_use = "the lock is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct OwnedRwLockWriteGuard<T: ?Sized> {
    lent: Lent<Arc<RwLock<T>>, Writes, Unique<T>>,
    _owns: PhantomData<Box<T>>,
}

/// A [`RwLockMappedWriteGuard`] that keeps the lock alive by an [`Arc`]: of what
/// [`RwLock::write_owned`] gives, a part.
#[must_use = "the lock is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct OwnedRwLockMappedWriteGuard<T: ?Sized, U: ?Sized = T> {
    lent: Lent<Arc<RwLock<T>>, Writes, Unique<U>>,
    _owns: PhantomData<Box<T>>,
}

/// Access for writing that an upgradable guard has come to for a while; when it is dropped, the
/// guard reads again ([`upgrade_or_keep`](RwLockUpgradableReadGuard::upgrade_or_keep)).
#[must_use = "the guard reads again at once if this is not kept"]
#[clippy::has_significant_drop]
// The order of the fields is the order in which they go: first the writing ends.
pub struct RwLockUpgradedGuard<'g, T: ?Sized> {
    lent: Lent<&'g Core, Upgrades, Unique<T>>,
    _paused: Paused<'g>,
    _borrows: PhantomData<&'g T>,
}

guard! { ['a, T: ?Sized] RwLockReadGuard<'a, T>: T }
guard! { ['a, T: ?Sized] RwLockUpgradableReadGuard<'a, T>: T }
guard! { ['a, T: ?Sized] RwLockWriteGuard<'a, T>: T, writes }
guard! { ['a, T: ?Sized] RwLockMappedWriteGuard<'a, T>: T, writes }
guard! { [T: ?Sized, U: ?Sized] OwnedRwLockReadGuard<T, U>: U }
guard! { [T: ?Sized] OwnedRwLockUpgradableReadGuard<T>: T }
guard! { [T: ?Sized] OwnedRwLockWriteGuard<T>: T, writes }
guard! { [T: ?Sized, U: ?Sized] OwnedRwLockMappedWriteGuard<T, U>: U, writes }
guard! { ['g, T: ?Sized] RwLockUpgradedGuard<'g, T>: T, writes }

impl<'a, T: ?Sized> RwLockReadGuard<'a, T> {
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(super) fn new(turn: Turn<&'a RwLock<T>, Reads>) -> Self {
        Self::of(Hold::new(turn).lend().narrow())
    }

    #[inline(always)]
    fn of(lent: Lent<&'a Core, Reads, Shared<T>>) -> Self {
        Self { lent, _borrows: PhantomData }
    }

    map! { [F, U] &T => RwLockReadGuard<'a, U>, |lent| RwLockReadGuard::of(lent) }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockReadGuard<T, U> {
    #[inline(always)]
    fn of(lent: Lent<Arc<RwLock<T>>, Reads, Shared<U>>) -> Self {
        Self { lent, _owns: PhantomData }
    }

    map! { [F, V] &U => OwnedRwLockReadGuard<T, V>, |lent| OwnedRwLockReadGuard::of(lent) }

    /// The lock that this guard holds.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.lent.hold().handle()
    }
}

impl<T: ?Sized> OwnedRwLockReadGuard<T> {
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(super) fn new(turn: Turn<Arc<RwLock<T>>, Reads>) -> Self {
        Self::of(Hold::new(turn).lend())
    }
}

impl<'a, T: ?Sized> RwLockMappedWriteGuard<'a, T> {
    fn of(lent: Lent<&'a Core, Writes, Unique<T>>) -> Self {
        Self { lent, _borrows: PhantomData }
    }

    map! { [F, U] &mut T => RwLockMappedWriteGuard<'a, U>, |lent| RwLockMappedWriteGuard::of(lent) }
}

impl<T: ?Sized, U: ?Sized> OwnedRwLockMappedWriteGuard<T, U> {
    fn of(lent: Lent<Arc<RwLock<T>>, Writes, Unique<U>>) -> Self {
        Self { lent, _owns: PhantomData }
    }

    map! {
        [F, V] &mut U => OwnedRwLockMappedWriteGuard<T, V>,
        |lent| OwnedRwLockMappedWriteGuard::of(lent)
    }

    /// The lock that this guard holds.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.lent.hold().handle()
    }
}

impl<'a, T: ?Sized> RwLockWriteGuard<'a, T> {
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(super) fn new(turn: Turn<&'a RwLock<T>, Writes>) -> Self {
        Self::of(Hold::new(turn).lend().narrow())
    }

    #[inline(always)]
    fn of(lent: Lent<&'a Core, Writes, Unique<T>>) -> Self {
        Self { lent, _borrows: PhantomData }
    }

    map! { [F, U] &mut T => RwLockMappedWriteGuard<'a, U>, |lent| RwLockMappedWriteGuard::of(lent) }
}

impl<T: ?Sized> OwnedRwLockWriteGuard<T> {
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(super) fn new(turn: Turn<Arc<RwLock<T>>, Writes>) -> Self {
        Self::of(Hold::new(turn).lend())
    }

    #[inline(always)]
    fn of(lent: Lent<Arc<RwLock<T>>, Writes, Unique<T>>) -> Self {
        Self { lent, _owns: PhantomData }
    }

    map! {
        [F, U] &mut T => OwnedRwLockMappedWriteGuard<T, U>,
        |lent| OwnedRwLockMappedWriteGuard::of(lent)
    }

    /// The lock that this guard holds.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.lent.hold().handle()
    }
}

/// The ways down from writing, for both forms of the guard.
macro_rules! downgrades {
    ([$($generics:tt)*] $write:ty => $read:ident<$kept:tt>, $upgradable:ty, $mapped:ty) => {
        impl<$($generics)*> $write {
            /// Goes on reading, and lets those in who wait to read at the head of the line: there
            /// is no gap in which somebody could write.
            ///
            /// # Examples
            ///
            /// ```
            /// use selvedge_sync::RwLock;
            ///
            /// let cloth = RwLock::new("plain");
            /// let mut writer = cloth.try_write()?;
            /// *writer = "twill";
            /// let reader = writer.downgrade();
            /// assert_eq!((*reader, *cloth.try_read()?), ("twill", "twill"));
            /// # Ok::<(), selvedge_sync::TryLockError>(())
            /// ```
            pub fn downgrade(self) -> $read<$kept, T> {
                Self::downgrade_map(self, |whole| whole)
            }

            /// Goes on reading a part of the value: [`downgrade`](Self::downgrade), and then a
            /// `map`.
            pub fn downgrade_map<F, U>(this: Self, f: F) -> $read<$kept, U>
            where
                U: ?Sized,
                F: FnOnce(&T) -> &U,
            {
                match Self::try_downgrade_map(this, |whole| Some(f(whole))) {
                    Ok(mapped) => mapped,
                    Err(_) => unreachable!("`f` always finds a part"),
                }
            }

            /// As [`downgrade_map`](Self::downgrade_map), where there may be no such part.
            ///
            /// # Errors
            ///
            /// The guard, still writing, if `f` returns `None`.
            ///
            /// # Examples
            ///
            /// ```
            /// use selvedge_sync::{RwLock, RwLockWriteGuard};
            ///
            /// let queue = RwLock::new(vec!["warp"]);
            /// let writer = queue.try_write()?;
            /// // Reads on if there is a first; else goes on writing, and nobody came in between.
            /// let first = RwLockWriteGuard::try_downgrade_map(writer, |queue| queue.first());
            /// assert_eq!(*first.expect("it is not empty"), "warp");
            ///
            /// queue.try_write()?.clear();
            /// let empty = RwLockWriteGuard::try_downgrade_map(queue.try_write()?, |queue| queue.first());
            /// empty.unwrap_err().push("weft");
            /// assert_eq!(*queue.try_read()?, ["weft"]);
            /// # Ok::<(), selvedge_sync::TryLockError>(())
            /// ```
            pub fn try_downgrade_map<F, U>(this: Self, f: F) -> Result<$read<$kept, U>, Self>
            where
                U: ?Sized,
                F: FnOnce(&T) -> Option<&U>,
            {
                let down = |core: &Core| core.exchange(Ask::Write, Ask::Read);
                match this.lent.try_become_shared(Reads, f, down) {
                    Ok(lent) => Ok($read::of(lent)),
                    Err(lent) => Err(Self::of(lent)),
                }
            }

            /// Goes on reading, with the right to write again: as [`downgrade`](Self::downgrade).
            pub fn downgrade_to_upgradable(this: Self) -> $upgradable {
                let down = |core: &Core| core.exchange(Ask::Write, Ask::Upgradable);
                <$upgradable>::of(this.lent.become_unique(MayUpgrade, down))
            }

            /// The same guard, by the type of those for parts.
            pub fn into_mapped(this: Self) -> $mapped {
                <$mapped>::of(this.lent)
            }
        }
    };
}

downgrades! {
    ['a, T: ?Sized] RwLockWriteGuard<'a, T> =>
    RwLockReadGuard<'a>, RwLockUpgradableReadGuard<'a, T>, RwLockMappedWriteGuard<'a, T>
}
downgrades! {
    [T: ?Sized] OwnedRwLockWriteGuard<T> =>
    OwnedRwLockReadGuard<T>, OwnedRwLockUpgradableReadGuard<T>, OwnedRwLockMappedWriteGuard<T>
}

impl<'a, T: ?Sized> RwLockUpgradableReadGuard<'a, T> {
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(super) fn new(turn: Turn<&'a RwLock<T>, MayUpgrade>) -> Self {
        Self::of(Hold::new(turn).lend().narrow())
    }

    #[inline(always)]
    fn of(lent: Lent<&'a Core, MayUpgrade, Unique<T>>) -> Self {
        Self { lent, _borrows: PhantomData }
    }
}

impl<T: ?Sized> OwnedRwLockUpgradableReadGuard<T> {
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(super) fn new(turn: Turn<Arc<RwLock<T>>, MayUpgrade>) -> Self {
        Self::of(Hold::new(turn).lend())
    }

    #[inline(always)]
    fn of(lent: Lent<Arc<RwLock<T>>, MayUpgrade, Unique<T>>) -> Self {
        Self { lent, _owns: PhantomData }
    }

    /// The lock that this guard holds.
    pub fn rwlock(this: &Self) -> &Arc<RwLock<T>> {
        this.lent.hold().handle()
    }
}

/// What an upgradable guard comes to, in both forms.
macro_rules! upgrades {
    ([$($generics:tt)*] $guard:ty => $write:ty, $read:ident<$kept:tt>, $future:ident<$($of:tt),+>) => {
        impl<$($generics)*> $guard {
            /// Waits until the other readers are gone, and writes: in front of all who stand in
            /// line, and nobody comes in before.
            ///
            /// # Cancel safety
            ///
            /// The guard is in the future: dropping that gives the lock back, for reading as well.
            /// Nobody is left waiting, and the value is as it was.
            /// [`upgrade_or_keep`](Self::upgrade_or_keep) keeps the guard.
            ///
            /// # Panics
            ///
            /// The future panics if polled after completion.
            ///
            /// # Examples
            ///
            /// ```
            /// # pollster::block_on(async {
            /// use selvedge_sync::{RwLock, RwLockUpgradableReadGuard as Guard};
            ///
            /// let cloth = RwLock::new(vec!["plain"]);
            /// // Others read beside it; whoever else may come to write waits until this one has decided.
            /// let looks = cloth.upgradable_read().await;
            /// if !looks.contains(&"twill") {
            ///     Guard::upgrade(looks).await.push("twill");
            /// }
            /// assert_eq!(*cloth.read().await, ["plain", "twill"]);
            /// # });
            /// ```
            #[track_caller]
            pub fn upgrade(this: Self) -> $future<$($of),+> {
                $future::new(this)
            }

            /// As [`upgrade`](Self::upgrade), and the guard stays with the caller: it reads again
            /// when what comes of it is dropped.
            ///
            /// # Cancel safety
            ///
            /// Dropping the future loses nothing: the guard reads on, and those come in again who
            /// waited only because of the upgrade.
            ///
            /// # Panics
            ///
            /// The future panics if polled after completion.
            ///
            /// # Examples
            ///
            /// ```
            /// # pollster::block_on(async {
            /// use selvedge_sync::{RwLock, RwLockUpgradableReadGuard as Guard};
            ///
            /// let cloth = RwLock::new(1);
            /// let mut guard = cloth.upgradable_read().await;
            /// if *guard == 1 {
            ///     *Guard::upgrade_or_keep(&mut guard).await += 1;
            /// }
            /// assert_eq!((*guard, *cloth.read().await), (2, 2));
            /// # });
            /// ```
            #[track_caller]
            pub fn upgrade_or_keep(this: &mut Self) -> RwLockUpgradeOrKeep<'_, T> {
                let (core, stand_in) = this.lent.stand_in();
                RwLockUpgradeOrKeep::new(core, stand_in)
            }

            /// Parks the calling thread until it may write, as [`upgrade`](Self::upgrade) does.
            #[cfg(any(feature = "std", selvedge_loom))]
            #[doc(alias = "upgrade_blocking")]
            #[track_caller]
            pub fn blocking_upgrade(this: Self) -> $write {
                crate::raw::block::block_on(Self::upgrade(this))
            }

            /// Writes, if no other reader is there.
            ///
            /// # Errors
            ///
            /// The guard, unchanged, if there is one.
            pub fn try_upgrade(this: Self) -> Result<$write, Self> {
                match this.lent.hold().handle().core().try_take(Ask::Upgrade) {
                    Answer::Granted(_) => Ok(Self::upgraded(this)),
                    _ => Err(this),
                }
            }

            /// Goes on reading, without the right to upgrade, and lets in who waits for that.
            pub fn downgrade(this: Self) -> $read<$kept, T> {
                let down = |core: &Core| core.exchange(Ask::Upgradable, Ask::Read);
                match this.lent.try_become_shared(Reads, |whole| Some(whole), down) {
                    Ok(lent) => $read::of(lent),
                    Err(_) => unreachable!("the whole is always there"),
                }
            }

            /// The guard of the turn that the state says this one has become.
            pub(super) fn upgraded(this: Self) -> $write {
                <$write>::of(this.lent.become_unique(Writes, |_| ()))
            }
        }
    };
}

upgrades! {
    ['a, T: ?Sized] RwLockUpgradableReadGuard<'a, T> =>
    RwLockWriteGuard<'a, T>, RwLockReadGuard<'a>, RwLockUpgrade<'a, T>
}
upgrades! {
    [T: ?Sized] OwnedRwLockUpgradableReadGuard<T> =>
    OwnedRwLockWriteGuard<T>, OwnedRwLockReadGuard<T>, RwLockUpgradeOwned<T>
}

impl<'a, T: ?Sized> RwLockUpgradableReadGuard<'a, T> {
    /// The lock's head.
    pub(super) fn core(&self) -> &'a Core {
        self.lent.hold().handle()
    }
}

impl<'g, T: ?Sized> RwLockUpgradedGuard<'g, T> {
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(super) fn new(turn: Turn<&'g Core, Upgrades>, stand_in: StandIn<'g, T>) -> Self {
        let (lent, paused) = stand_in.lend(turn);
        Self { lent, _paused: paused, _borrows: PhantomData }
    }
}

/// A guard that reads is covariant in what it lends, as `&T` is; one that writes, or may come to,
/// is not: else a shorter-lived value could be left in a longer-lived place.
///
/// ```
/// use selvedge_sync::RwLockReadGuard as Guard;
/// fn shorter<'a, 's>(guard: Guard<'a, &'static str>) -> Guard<'a, &'s str> { guard }
/// fn nearer<'a: 'b, 'b>(guard: Guard<'a, str>) -> Guard<'b, str> { guard }
/// ```
/// ```
/// use selvedge_sync::OwnedRwLockReadGuard as Guard;
/// fn shorter<'s>(guard: Guard<u8, &'static str>) -> Guard<u8, &'s str> { guard }
/// ```
/// ```compile_fail
/// use selvedge_sync::OwnedRwLockReadGuard as Guard;
/// fn the_lock_itself_is_not<'s>(guard: Guard<&'static str>) -> Guard<&'s str> { guard }
/// ```
/// ```compile_fail
/// use selvedge_sync::RwLockWriteGuard as Guard;
/// fn shorter<'a, 's>(guard: Guard<'a, &'static str>) -> Guard<'a, &'s str> { guard }
/// ```
/// ```compile_fail
/// use selvedge_sync::RwLockMappedWriteGuard as Guard;
/// fn shorter<'a, 's>(guard: Guard<'a, &'static str>) -> Guard<'a, &'s str> { guard }
/// ```
/// ```compile_fail
/// use selvedge_sync::RwLockUpgradableReadGuard as Guard;
/// fn shorter<'a, 's>(guard: Guard<'a, &'static str>) -> Guard<'a, &'s str> { guard }
/// ```
/// ```compile_fail
/// use selvedge_sync::RwLockUpgradedGuard as Guard;
/// fn shorter<'a, 's>(guard: Guard<'a, &'static str>) -> Guard<'a, &'s str> { guard }
/// ```
/// ```compile_fail
/// use selvedge_sync::OwnedRwLockMappedWriteGuard as Guard;
/// fn shorter<'s>(guard: Guard<u8, &'static str>) -> Guard<u8, &'s str> { guard }
/// ```
/// ```compile_fail
/// use selvedge_sync::OwnedRwLockUpgradableReadGuard as Guard;
/// fn shorter<'s>(guard: Guard<&'static str>) -> Guard<&'s str> { guard }
/// ```
#[cfg(doctest)]
struct Variance;
