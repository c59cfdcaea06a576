//! Channels for tasks, on any executor: values pass from one to another.
//!
//! Every channel is a feature and a module of its own, and all are on by default. Nothing here
//! names a runtime: a future of this crate is woken by whoever finishes its wait, on whichever
//! executor, or bare thread, it is polled.
//!
//! Channels are *closed*, never disconnected; what was to be sent comes back inside the error.
//!
//! Without the default feature `std` the crate is `no_std` with `alloc`, and the `blocking_…`
//! methods are gone.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod raw;

#[cfg(feature = "_store")]
mod error;

#[cfg(feature = "broadcast")]
pub mod broadcast;
#[cfg(feature = "mpmc")]
pub mod mpmc;
#[cfg(feature = "mpsc")]
pub mod mpsc;
#[cfg(feature = "oneshot")]
pub mod oneshot;
#[cfg(feature = "pipe")]
pub mod pipe;
#[cfg(feature = "queue")]
pub mod queue;
#[cfg(feature = "select")]
pub mod select;
#[cfg(feature = "watch")]
pub mod watch;

#[cfg(all(doctest, feature = "mpsc"))]
#[doc = include_str!("../README.md")]
mod readme {}
