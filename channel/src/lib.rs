//! Channels for tasks, on any executor: values pass from one to another.
//!
//! Every channel is a feature and a module of its own, and all are on by default. Nothing here
//! names a runtime: a future of this crate is woken by whoever finishes its wait, on whichever
//! executor, or bare thread, it is polled.
//!
//! Channels are *closed*, never disconnected; what was to be sent comes back inside the error.
//!
//! | module | takes what was sent to |
//! |---|---|
#![cfg_attr(feature = "mpsc", doc = "| [`mpsc`] | the one receiver |")]
#![cfg_attr(feature = "mpmc", doc = "| [`mpmc`] | one of the receivers |")]
#![cfg_attr(feature = "broadcast", doc = "| [`broadcast`] | every receiver |")]
#![cfg_attr(feature = "watch", doc = "| [`watch`] | whoever looks, the newest alone |")]
#![cfg_attr(feature = "oneshot", doc = "| [`oneshot`] | the receiver, once |")]
#![cfg_attr(
    feature = "queue",
    doc = "| [`queue`] | one worker, in an order, and is told when all is done |"
)]
#![cfg_attr(feature = "pipe", doc = "| [`pipe`] | the other end, as bytes |")]
#![cfg_attr(feature = "select", doc = "| [`select`] | whoever waits for several of these |")]
//!
//! ```
//! # pollster::block_on(async {
//! use selvedge_channel::mpsc;
//!
//! let (tx, mut rx) = mpsc::channel(8);
//! tx.send("warp").await.expect("somebody receives");
//! drop(tx);
//! assert_eq!(rx.recv().await, Some("warp"));
//! assert_eq!(rx.recv().await, None);
//! # });
//! ```
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
