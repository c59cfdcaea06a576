//! Futures side by side in one task. Each child has a waker of its own, and is polled when that
//! one was woken: a thousand children cost a thousand polls, not a million. (Where up to sixteen are
//! joined, raced or waited for, all are polled together, with their task's own waker: that costs
//! less.)
//!
//! Nothing is spawned. Children that are dropped unfinished are dropped in place, at once.

#[cfg(feature = "as_completed")]
pub(crate) mod as_completed;
#[cfg(feature = "for_each_limit")]
pub(crate) mod for_each_limit;
#[cfg(feature = "join_all")]
pub(crate) mod join_all;
#[cfg(feature = "race")]
pub(crate) mod race;
#[cfg(feature = "race_ok")]
pub(crate) mod race_ok;
#[cfg(feature = "select_futures")]
pub(crate) mod select_futures;
#[cfg(feature = "try_join_all")]
pub(crate) mod try_join_all;
#[cfg(feature = "wait")]
pub(crate) mod wait;
