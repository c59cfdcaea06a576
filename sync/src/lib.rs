//! Locks, semaphores and signals for tasks, on any executor.
//!
//! Every primitive is a feature of its own, and all are on by default. Nothing here names a
//! runtime: a future of this crate is woken by whoever finishes its wait, on whichever executor,
//! or bare thread, it is polled.
//!
//! Those who have to wait stand in a line behind a lock of its own, which is held for a few
//! instructions and never while other people's code runs. A thread that is preempted inside makes
//! the others that need the line wait: they spin a little, and then park. Who finds the primitive
//! free never touches the line.
//!
#![cfg_attr(all(feature = "mutex", feature = "semaphore"), doc = "```")]
#![cfg_attr(not(all(feature = "mutex", feature = "semaphore")), doc = "```text")]
//! use selvedge_sync::{Mutex, Semaphore};
//!
//! static LIMIT: Semaphore = Semaphore::new(2);
//! static DONE: Mutex<u32> = Mutex::new(0);
//!
//! async fn work() {
//!     let _permit = LIMIT.acquire().await.expect("never closed");
//!     *DONE.lock().await += 1;
//! }
//! # pollster::block_on(work());
//! # assert_eq!(*DONE.try_lock().unwrap(), 1);
//! ```
//!
//! | you want | take |
//! |---|---|
#![cfg_attr(feature = "mutex", doc = "| a value for one at a time | [`Mutex`] |")]
#![cfg_attr(feature = "keyed_mutex", doc = "| that for each key | [`KeyedMutex`] |")]
#![cfg_attr(feature = "rwlock", doc = "| a value for many readers, or one writer | [`RwLock`] |")]
#![cfg_attr(
    feature = "condvar",
    doc = "| to wait until a value is as it should be | [`Condvar`] |"
)]
#![cfg_attr(feature = "semaphore", doc = "| at most *n* at once | [`Semaphore`] |")]
#![cfg_attr(feature = "capacity_limiter", doc = "| that, and to know who | [`CapacityLimiter`] |")]
#![cfg_attr(feature = "notify", doc = "| to wake one who waits, or all | [`Notify`] |")]
#![cfg_attr(feature = "event", doc = "| a flag that goes up and down | [`Event`] |")]
#![cfg_attr(feature = "latch", doc = "| to wait until a count is down | [`Latch`] |")]
#![cfg_attr(feature = "wait_group", doc = "| to wait until all are done | [`WaitGroup`] |")]
#![cfg_attr(feature = "barrier", doc = "| to go on together | [`Barrier`] |")]
#![cfg_attr(feature = "once_cell", doc = "| a value that is made once | [`OnceCell`] |")]
#![cfg_attr(feature = "once_map", doc = "| that for each key | [`OnceMap`] |")]
#![cfg_attr(feature = "completion", doc = "| an answer, for all who ask | [`Completion`] |")]
#![cfg_attr(
    feature = "deadline",
    doc = "| to give any of these waits up in time | [`DeadlineExt`] |"
)]
//!
//! Without the default feature `std` the crate is `no_std` with `alloc`: the `blocking_…` methods
//! are gone, and whoever waits for that lock spins, which is unfit where priorities can invert.
#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", selvedge_loom))]
extern crate std;

#[cfg(all(feature = "diagnose", not(selvedge_loom)))]
pub mod diagnose;
#[doc(hidden)]
pub mod raw;

#[cfg(feature = "auto_reset_event")]
mod auto_reset_event;
#[cfg(feature = "barrier")]
mod barrier;
#[cfg(feature = "bounded_semaphore")]
mod bounded_semaphore;
#[cfg(feature = "capacity_limiter")]
mod capacity_limiter;
#[cfg(feature = "completion")]
mod completion;
#[cfg(feature = "condvar")]
mod condvar;
#[cfg(feature = "cyclic_barrier")]
mod cyclic_barrier;
#[cfg(feature = "deadline")]
mod deadline;
#[cfg(feature = "event")]
mod event;
#[cfg(feature = "keyed_mutex")]
mod keyed_mutex;
#[cfg(feature = "latch")]
mod latch;
#[cfg(feature = "lazy")]
mod lazy;
#[cfg(feature = "mutex")]
mod mutex;
#[cfg(feature = "notify")]
mod notify;
#[cfg(feature = "once")]
mod once;
#[cfg(feature = "once_cell")]
mod once_cell;
#[cfg(feature = "once_map")]
mod once_map;
#[cfg(feature = "phaser")]
mod phaser;
#[cfg(feature = "rwlock")]
mod rwlock;
#[cfg(feature = "semaphore")]
mod semaphore;
#[cfg(feature = "set_once")]
mod set_once;
#[cfg(feature = "wait_group")]
mod wait_group;

/// Futures under the path by which tokio knows them: [`Notified`] and its like.
#[cfg(feature = "notify")]
pub mod futures {
    pub use crate::notify::{Notified, OwnedNotified};
}

mod error;

#[cfg(feature = "auto_reset_event")]
pub use auto_reset_event::{AutoResetEvent, AutoResetEventStatistics, AutoResetEventWait};
#[cfg(feature = "barrier")]
pub use barrier::{Barrier, BarrierStatistics, BarrierWait, BarrierWaitResult};
#[cfg(feature = "bounded_semaphore")]
pub use bounded_semaphore::{
    AcquireBounded, AcquireBoundedOwned, BoundedPermit, BoundedSemaphore, OwnedBoundedPermit,
    ReleaseError,
};
#[cfg(feature = "capacity_limiter")]
pub use capacity_limiter::{
    AcquireOnBehalfOf, AcquireToken, AcquireTokenOwned, AlreadyBorrowed, CapacityLimiter,
    CapacityLimiterStatistics, CapacityToken, NotBorrowed, OwnedCapacityToken, TryBorrowError,
    WouldBlock,
};
#[cfg(feature = "completion")]
pub use completion::{Abandoned, Completer, Completion, CompletionWait};
#[cfg(feature = "condvar")]
pub use condvar::{Condvar, CondvarStatistics, CondvarWait, CondvarWaitWhile};
#[cfg(feature = "cyclic_barrier")]
pub use cyclic_barrier::{
    BrokenBarrierError, CyclicBarrier, CyclicBarrierStatistics, CyclicBarrierWait,
};
#[cfg(feature = "deadline")]
pub use deadline::{DeadlineExt, Expired, Until};
pub use error::TryLockError;
#[cfg(feature = "event")]
pub use event::{Event, EventStatistics, EventWait};
#[cfg(feature = "keyed_mutex")]
pub use keyed_mutex::{KeyedMutex, KeyedMutexGuard, LockKey, LockKeyOwned, OwnedKeyedMutexGuard};
#[cfg(feature = "latch")]
pub use latch::{Latch, LatchWait, LatchWaitOwned};
#[cfg(feature = "lazy")]
pub use lazy::{Force, Lazy, LazyFuture};
#[cfg(feature = "mutex")]
pub use mutex::{
    Lock, LockOwned, MappedMutexGuard, Mutex, MutexGuard, MutexStatistics, OwnedMappedMutexGuard,
    OwnedMutexGuard,
};
#[cfg(feature = "notify")]
pub use notify::{Notified, Notify, NotifyStatistics, OwnedNotified};
#[cfg(feature = "once")]
pub use once::{CallOnce, Once, OnceWait};
#[cfg(feature = "once_cell")]
pub use once_cell::{
    GetOrInit, GetOrTryInit, OnceCell, OnceCellStatistics, OnceCellWait, SetError,
};
#[cfg(feature = "once_map")]
pub use once_map::{Compute, OnceMap, TryCompute};
#[cfg(feature = "phaser")]
pub use phaser::{Phaser, PhaserClosed, PhaserParty, PhaserStatistics, PhaserWait};
#[cfg(feature = "rwlock")]
pub use rwlock::{
    OwnedRwLockMappedWriteGuard, OwnedRwLockReadGuard, OwnedRwLockUpgradableReadGuard,
    OwnedRwLockWriteGuard, RwLock, RwLockMappedWriteGuard, RwLockRead, RwLockReadGuard,
    RwLockReadOwned, RwLockStatistics, RwLockUpgradableRead, RwLockUpgradableReadGuard,
    RwLockUpgradableReadOwned, RwLockUpgrade, RwLockUpgradeOrKeep, RwLockUpgradeOwned,
    RwLockUpgradedGuard, RwLockWrite, RwLockWriteGuard, RwLockWriteOwned,
};
#[cfg(feature = "semaphore")]
pub use semaphore::{
    Acquire, AcquireError, AcquireOwned, OwnedSemaphorePermit, Semaphore, SemaphorePermit,
    SemaphoreStatistics, TryAcquireError,
};
#[cfg(feature = "set_once")]
pub use set_once::{SetOnce, SetOnceError, SetOnceWait};
#[cfg(feature = "wait_group")]
pub use wait_group::{Wait, WaitGroup};

#[cfg(all(doctest, feature = "mutex", feature = "semaphore"))]
#[doc = include_str!("../README.md")]
mod readme {}
