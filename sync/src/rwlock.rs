//! A readers-writer lock whose guards may be held across an `.await`.
//!
//! What it promises is here. How it keeps that, with the picture of its state, is in
//! `rwlock/turns.rs`; the guards are in `rwlock/guards.rs`, the futures in `rwlock/futures.rs`.

use alloc::sync::Arc;
use core::fmt;

use crate::{
    TryLockError,
    raw::{
        guard::{Lends, Value},
        line::{Primitive, Turn},
        shim::const_in_build,
    },
};

use self::turns::{Core, MAX_READERS, MayUpgrade, PATIENCE, Reads, Writes};
pub use self::{
    futures::{
        RwLockRead, RwLockReadOwned, RwLockUpgradableRead, RwLockUpgradableReadOwned,
        RwLockUpgrade, RwLockUpgradeOrKeep, RwLockUpgradeOwned, RwLockWrite, RwLockWriteOwned,
    },
    guards::{
        OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockUpgradableReadGuard,
        OwnedRwLockWriteGuard, RwLockMappedWriteGuard, RwLockReadGuard, RwLockUpgradableReadGuard,
        RwLockUpgradedGuard, RwLockWriteGuard,
    },
};

mod futures;
mod guards;
mod turns;

/// Many readers or one writer: the guards may be held across an `.await`.
///
/// For critical sections without an `.await` in them, [`std::sync::RwLock`] is the faster choice.
///
/// [`std::sync::RwLock`]: https://doc.rust-lang.org/std/sync/struct.RwLock.html
///
/// # Fairness
///
/// Tasks that have to wait stand in line, in the order of their first poll. A reader that comes
/// while somebody reads and somebody else waits, to write or for the right to upgrade, stands in
/// line as well: neither readers nor writers starve. When the lock comes free, all those at the
/// head of the line are woken who can go in together.
///
/// A running task may take a free lock past the line, which keeps short critical sections fast, but
/// at most 32 times in a row: then those at the head of the line are handed the lock. So every
/// wait is bounded. Once somebody was called and found it taken again, it is handed over in order
/// for a while, which is the faster where critical sections hold an `.await`. [`RwLock::fair`]
/// always hands over in strict order.
///
/// A task that reads and asks to read again may wait for a writer that waits for the task: hold one
/// guard at a time.
///
/// # Upgrading
///
/// [`upgradable_read`](Self::upgradable_read) reads beside all other readers, and may come to write
/// without letting another writer in between. There is one such guard at a time.
///
/// # Memory ordering
///
/// Whoever reads sees everything that happened before a writer last gave the lock back; whoever
/// writes, also what readers did before.
///
/// # Panics in a critical section
///
/// A guard that is dropped by a panic gives the lock back. There is no poisoning.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::RwLock;
///
/// static PATTERN: RwLock<Vec<&str>> = RwLock::new(Vec::new());
///
/// PATTERN.write().await.push("herringbone");
/// let (one, two) = (PATTERN.read().await, PATTERN.read().await);
/// assert_eq!(one[0], two[0]);
/// # });
/// ```
pub struct RwLock<T: ?Sized> {
    core: Core,
    value: Value<T>,
}

impl<T> RwLock<T> {
    const_in_build! {
        /// A free lock around `value`.
        #[must_use]
        pub fn new(value: T) -> Self {
            Self { core: Core::new(MAX_READERS, PATIENCE), value: Value::new(value) }
        }
    }

    const_in_build! {
        /// As [`new`](Self::new), under tokio's name for it.
        #[must_use]
        pub fn const_new(value: T) -> Self {
            Self::new(value)
        }
    }

    const_in_build! {
        /// A free lock that is handed over strictly in order.
        ///
        /// Nobody overtakes a task that waits, [`try_read`](Self::try_read) and
        /// [`try_write`](Self::try_write) included. It is slower where critical sections are short
        /// and contended.
        #[must_use]
        pub fn fair(value: T) -> Self {
            Self { core: Core::new(MAX_READERS, 0), value: Value::new(value) }
        }
    }

    const_in_build! {
        /// A free lock around `value`, for at most `max_readers` readers at a time: others wait.
        ///
        /// # Panics
        ///
        /// Panics if `max_readers` is 0, or above `u32::MAX >> 3` (on 32-bit targets, above
        /// `u32::MAX >> 10`).
        #[must_use]
        #[track_caller]
        pub fn with_max_readers(value: T, max_readers: u32) -> Self {
            assert!(max_readers != 0, "a RwLock may not be created with 0 readers");
            assert!(max_readers <= MAX_READERS, "{}", turns::TOO_MANY_READERS);
            Self { core: Core::new(max_readers, PATIENCE), value: Value::new(value) }
        }
    }

    const_in_build! {
        /// As [`with_max_readers`](Self::with_max_readers), under tokio's name for it.
        ///
        /// # Panics
        ///
        /// As for [`with_max_readers`](Self::with_max_readers).
        #[must_use]
        #[track_caller]
        pub fn const_with_max_readers(value: T, max_readers: u32) -> Self {
            Self::with_max_readers(value, max_readers)
        }
    }

    /// Unwraps the value.
    pub fn into_inner(self) -> T {
        self.value.into_inner()
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Waits until it may read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else: if the lock was already on
    /// its way to it, those next in line get it.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    #[track_caller]
    pub fn read(&self) -> RwLockRead<'_, T> {
        RwLockRead::new(self)
    }

    /// Waits until it may read with the right to [upgrade](RwLockUpgradableReadGuard::upgrade):
    /// beside readers, but not beside another with that right.
    ///
    /// # Cancel safety
    ///
    /// As for [`read`](Self::read).
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_sync::{RwLock, RwLockUpgradableReadGuard};
    ///
    /// let width = RwLock::new(3);
    /// let seen = width.upgradable_read().await;
    /// assert_eq!(*width.read().await, 3, "others read along");
    ///
    /// if *seen < 5 {
    ///     *RwLockUpgradableReadGuard::upgrade(seen).await += 1;
    /// }
    /// assert_eq!(*width.read().await, 4);
    /// # });
    /// ```
    #[inline]
    #[track_caller]
    pub fn upgradable_read(&self) -> RwLockUpgradableRead<'_, T> {
        RwLockUpgradableRead::new(self)
    }

    /// Waits until it may write: alone.
    ///
    /// # Cancel safety
    ///
    /// As for [`read`](Self::read); those who wait to read behind it go in at once, if only this
    /// place in line kept them out.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    #[track_caller]
    pub fn write(&self) -> RwLockWrite<'_, T> {
        RwLockWrite::new(self)
    }

    /// As [`read`](Self::read), and keeps the lock alive for as long as the guard lives.
    ///
    /// # Cancel safety
    ///
    /// As for [`read`](Self::read).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::{OwnedRwLockWriteGuard, RwLock};
    ///
    /// static LIMITED: RwLock<u8> = RwLock::const_with_max_readers(0, 4);
    ///
    /// let name = Arc::new(RwLock::new(String::from("weft")));
    /// assert_eq!(name.clone().read_owned().await.len(), 4);
    /// let guard = name.write_owned().await;
    /// let mut mapped = OwnedRwLockWriteGuard::into_mapped(guard);
    /// mapped.push('s');
    /// assert_eq!(*mapped, "wefts");
    /// assert_eq!(*LIMITED.read().await, 0);
    /// # });
    /// ```
    #[doc(alias = "read_arc")]
    #[inline]
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> RwLockReadOwned<T> {
        RwLockReadOwned::new(self)
    }

    /// As [`upgradable_read`](Self::upgradable_read), and keeps the lock alive for as long as the
    /// guard lives.
    ///
    /// # Cancel safety
    ///
    /// As for [`upgradable_read`](Self::upgradable_read).
    #[doc(alias = "upgradable_read_arc")]
    #[inline]
    #[track_caller]
    pub fn upgradable_read_owned(self: Arc<Self>) -> RwLockUpgradableReadOwned<T> {
        RwLockUpgradableReadOwned::new(self)
    }

    /// As [`write`](Self::write), and keeps the lock alive for as long as the guard lives.
    ///
    /// # Cancel safety
    ///
    /// As for [`write`](Self::write).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::RwLock;
    ///
    /// let lock = Arc::new(RwLock::new(String::from("warp")));
    /// let mut writer = lock.clone().write_owned().await;
    /// std::thread::spawn(move || writer.push_str(" and weft")).join().unwrap();
    /// assert_eq!(*lock.read().await, "warp and weft");
    /// # });
    /// ```
    #[doc(alias = "write_arc")]
    #[inline]
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> RwLockWriteOwned<T> {
        RwLockWriteOwned::new(self)
    }

    /// Parks the calling thread until it may read.
    ///
    /// It asks for no runtime and minds none, but it does block the thread: a task that waits here
    /// keeps its executor from running others.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "read_blocking")]
    #[track_caller]
    pub fn blocking_read(&self) -> RwLockReadGuard<'_, T> {
        crate::raw::block::block_on(self.read())
    }

    /// Parks the calling thread until it may read with the right to upgrade.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "upgradable_read_blocking")]
    #[track_caller]
    pub fn blocking_upgradable_read(&self) -> RwLockUpgradableReadGuard<'_, T> {
        crate::raw::block::block_on(self.upgradable_read())
    }

    /// Parks the calling thread until it may write.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::{RwLock, RwLockUpgradableReadGuard, RwLockWriteGuard};
    ///
    /// let rows = Arc::new(RwLock::const_new(1));
    /// *rows.blocking_write() += 1;
    /// *rows.clone().blocking_write_owned() += 1;
    /// assert_eq!((*rows.blocking_read(), *rows.clone().blocking_read_owned()), (3, 3));
    /// drop(rows.clone().blocking_upgradable_read_owned());
    ///
    /// let look = rows.blocking_upgradable_read();
    /// let mut write = RwLockUpgradableReadGuard::blocking_upgrade(look);
    /// *write += 1;
    /// let look = RwLockWriteGuard::downgrade_to_upgradable(write);
    /// let write = RwLockUpgradableReadGuard::try_upgrade(look).expect("nobody else reads");
    /// assert_eq!(*write, 4);
    /// ```
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "write_blocking")]
    #[track_caller]
    pub fn blocking_write(&self) -> RwLockWriteGuard<'_, T> {
        crate::raw::block::block_on(self.write())
    }

    /// As [`blocking_read`](Self::blocking_read), and keeps the lock alive for as long as the guard
    /// lives.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "read_arc_blocking")]
    #[track_caller]
    pub fn blocking_read_owned(self: Arc<Self>) -> OwnedRwLockReadGuard<T> {
        crate::raw::block::block_on(self.read_owned())
    }

    /// As [`blocking_upgradable_read`](Self::blocking_upgradable_read), and keeps the lock alive
    /// for as long as the guard lives.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "upgradable_read_arc_blocking")]
    #[track_caller]
    pub fn blocking_upgradable_read_owned(self: Arc<Self>) -> OwnedRwLockUpgradableReadGuard<T> {
        crate::raw::block::block_on(self.upgradable_read_owned())
    }

    /// As [`blocking_write`](Self::blocking_write), and keeps the lock alive for as long as the
    /// guard lives.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "write_arc_blocking")]
    #[track_caller]
    pub fn blocking_write_owned(self: Arc<Self>) -> OwnedRwLockWriteGuard<T> {
        crate::raw::block::block_on(self.write_owned())
    }

    /// Reads, if nobody writes and nobody has to be let in before.
    ///
    /// # Errors
    ///
    /// If somebody writes, if there are as many readers as may be, or if the lock is owed to a task
    /// in line ([fairness](Self#fairness)).
    #[inline]
    #[track_caller]
    pub fn try_read(&self) -> Result<RwLockReadGuard<'_, T>, TryLockError> {
        let turn = Turn::try_take(self, Reads).map_err(|_| TryLockError(()))?;
        Ok(RwLockReadGuard::new(turn))
    }

    /// Reads with the right to upgrade, if nobody has that, and as [`try_read`](Self::try_read).
    ///
    /// # Errors
    ///
    /// As for [`try_read`](Self::try_read), and if somebody else has the right to upgrade.
    #[inline]
    #[track_caller]
    pub fn try_upgradable_read(&self) -> Result<RwLockUpgradableReadGuard<'_, T>, TryLockError> {
        let turn = Turn::try_take(self, MayUpgrade).map_err(|_| TryLockError(()))?;
        Ok(RwLockUpgradableReadGuard::new(turn))
    }

    /// Writes, if the lock is free and the line may be overtaken.
    ///
    /// # Errors
    ///
    /// If somebody reads or writes, or the lock is owed to a task in line
    /// ([fairness](Self#fairness)).
    #[inline]
    #[track_caller]
    pub fn try_write(&self) -> Result<RwLockWriteGuard<'_, T>, TryLockError> {
        let turn = Turn::try_take(self, Writes).map_err(|_| TryLockError(()))?;
        Ok(RwLockWriteGuard::new(turn))
    }

    /// As [`try_read`](Self::try_read), and keeps the lock alive for as long as the guard lives.
    ///
    /// # Errors
    ///
    /// As for [`try_read`](Self::try_read).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};
    ///
    /// let cloth = Arc::new(RwLock::with_max_readers((1, 2), 8));
    /// let guard = cloth.clone().try_write_owned()?;
    /// assert!(Arc::ptr_eq(OwnedRwLockWriteGuard::rwlock(&guard), &cloth));
    /// // Read on, and only a part, without a gap in which somebody else writes.
    /// let second = OwnedRwLockWriteGuard::downgrade_map(guard, |pair| &pair.1);
    /// let other = cloth.clone().try_read_owned()?;
    /// assert_eq!((*second, other.0), (2, 1));
    /// assert!(OwnedRwLockReadGuard::try_map(other, |pair| (pair.0 > 5).then_some(&pair.0)).is_err());
    /// # drop(second);
    /// let upgradable = cloth.clone().try_upgradable_read_owned()?;
    /// assert_eq!(upgradable.0, 1);
    /// # Ok::<(), selvedge_sync::TryLockError>(())
    /// ```
    #[doc(alias = "try_read_arc")]
    #[inline]
    #[track_caller]
    pub fn try_read_owned(self: Arc<Self>) -> Result<OwnedRwLockReadGuard<T>, TryLockError> {
        let turn = Turn::try_take(self, Reads).map_err(|_| TryLockError(()))?;
        Ok(OwnedRwLockReadGuard::new(turn))
    }

    /// As [`try_upgradable_read`](Self::try_upgradable_read), and keeps the lock alive for as long
    /// as the guard lives.
    ///
    /// # Errors
    ///
    /// As for [`try_upgradable_read`](Self::try_upgradable_read).
    #[doc(alias = "try_upgradable_read_arc")]
    #[inline]
    #[track_caller]
    pub fn try_upgradable_read_owned(
        self: Arc<Self>,
    ) -> Result<OwnedRwLockUpgradableReadGuard<T>, TryLockError> {
        let turn = Turn::try_take(self, MayUpgrade).map_err(|_| TryLockError(()))?;
        Ok(OwnedRwLockUpgradableReadGuard::new(turn))
    }

    /// As [`try_write`](Self::try_write), and keeps the lock alive for as long as the guard lives.
    ///
    /// # Errors
    ///
    /// As for [`try_write`](Self::try_write).
    #[doc(alias = "try_write_arc")]
    #[inline]
    #[track_caller]
    pub fn try_write_owned(self: Arc<Self>) -> Result<OwnedRwLockWriteGuard<T>, TryLockError> {
        let turn = Turn::try_take(self, Writes).map_err(|_| TryLockError(()))?;
        Ok(OwnedRwLockWriteGuard::new(turn))
    }

    /// The value, without a lock: `&mut self` shows that nobody holds it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// Who holds it, and how many wait: a look that is old by the time it returns.
    ///
    /// # Examples
    ///
    /// ```
    /// let lock = selvedge_sync::RwLock::new(());
    /// let _guards = (lock.try_read()?, lock.try_upgradable_read()?);
    /// let seen = lock.statistics();
    /// assert_eq!((seen.readers, seen.upgradable, seen.writer, seen.waiting), (2, true, false, 0));
    /// # Ok::<(), selvedge_sync::TryLockError>(())
    /// ```
    #[must_use]
    pub fn statistics(&self) -> RwLockStatistics {
        let (readers, upgradable, writer, waiting) = self.core.look();
        RwLockStatistics { readers, upgradable, writer, waiting }
    }
}

/// What [`RwLock::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RwLockStatistics {
    /// How many read, with the right to upgrade or without.
    pub readers: usize,
    /// Whether one of them had the right to upgrade.
    pub upgradable: bool,
    /// Whether somebody wrote.
    pub writer: bool,
    /// How many tasks and threads stood in line.
    pub waiting: usize,
}

// SAFETY: `core` is a field.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl<T: ?Sized> Primitive for RwLock<T> {
    type Core = Core;

    #[inline(always)]
    fn core(&self) -> &Core {
        &self.core
    }
}

// SAFETY: `value` is a field. A turn that writes is out exactly while `WRITER` is set, which is set
// by those alone who find neither a reader nor a writer in the word, and keeps all others out.
#[expect(unsafe_code, reason = "promises that whoever writes is alone")]
unsafe impl<T: ?Sized> Lends for RwLock<T> {
    type Value = T;

    #[inline(always)]
    fn value(&self) -> &Value<T> {
        &self.value
    }
}

// SAFETY: the value goes along with the lock, and nothing else in it minds the thread.
#[expect(unsafe_code, reason = "the value is behind a cell")]
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: sharing the lock lends the value to one task at a time, or to many for reading, on
// whichever threads.
#[expect(unsafe_code, reason = "the value is behind a cell")]
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    /// Shows the value, or `<locked>`; it is read meanwhile.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RwLock");
        match self.try_read() {
            Ok(guard) => out.field("data", &&*guard),
            Err(_) => out.field("data", &format_args!("<locked>")),
        };
        out.finish()
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
