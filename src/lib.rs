//! Async concurrency primitives for any executor, checked with loom.
#![no_std]

#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "model")]
pub mod model;

#[cfg(any(feature = "mutex", feature = "semaphore"))]
pub use selvedge_sync as sync;
#[cfg(any(feature = "sleep", feature = "timeout", feature = "thread"))]
pub use selvedge_timer as time;
