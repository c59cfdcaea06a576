//! Async concurrency primitives for any executor, checked with loom.
//!
//! A selvedge is the self-finished edge that keeps woven cloth from fraying; this one is finished
//! on a loom. It has the locks, semaphores, channels and timers that asyncio and tokio have, tied to
//! no runtime: a future of this crate runs wherever it is polled.
//!
//! ```
//! use std::time::Duration;
//!
//! use selvedge::{
//!     sync::{Mutex, Semaphore},
//!     time::timeout,
//! };
//!
//! static LIMIT: Semaphore = Semaphore::new(2);
//! static DONE: Mutex<u32> = Mutex::new(0);
//!
//! async fn work() {
//!     let _permit = LIMIT.acquire().await.expect("never closed");
//!     *DONE.lock().await += 1;
//! }
//!
//! // The embedded executor ...
//! selvedge::block_on(async {
//!     timeout(Duration::from_secs(5), work()).await?;
//!     // ... smol ...
//!     smol::spawn(work()).await;
//!     // ... and tokio, all on the same objects.
//!     let tokio = tokio::runtime::Builder::new_multi_thread().build().unwrap();
//!     tokio.spawn(work()).await.unwrap();
//!     tokio.shutdown_background();
//!     assert_eq!(*DONE.lock().await, 3);
//!     Ok::<(), selvedge::time::Elapsed>(())
//! })?;
//! # Ok::<(), selvedge::time::Elapsed>(())
//! ```
//!
//! | module | what is in it |
//! |---|---|
//! | [`sync`] | locks, semaphores, signals, barriers, values that are made once |
//! | [`channel`] | `mpsc`, `mpmc`, `broadcast`, `watch`, `oneshot`, `queue`, `pipe`, and `select` over them |
//! | [`time`] | `sleep`, `timeout`, `interval`, deadlines that move, `DelayQueue`, `VirtualClock` |
//! | [`context`] | cancellation, groups of tasks, cleanups that await, decorators, executors |
//! | [`block_on`], [`spawn`] | the embedded executor, for programs that have none |
#![cfg_attr(
    feature = "model",
    doc = "| [`model`] | checks a design of your own in every schedule |"
)]
#![cfg_attr(
    not(feature = "model"),
    doc = "| `model` | checks a design of your own in every schedule (feature `model`) |"
)]
//!
//! **Which one?** [`guide::choosing`] says it in a table. The other chapters of the [`guide`]: cancel
//! safety, guards, decorators, executors, features, checking, performance.
//!
//! Every primitive is a feature of its own, and all are on by default:
//! `selvedge = { version = "0.1", default-features = false, features = ["mutex"] }` brings the
//! mutex and what it is made of, without `std`.
#![no_std]
#![cfg_attr(
    not(feature = "default"),
    expect(
        rustdoc::broken_intra_doc_links,
        reason = "the front page names what a feature would bring"
    )
)]

#[cfg(feature = "std")]
extern crate std;

#[cfg(any(doc, doctest))]
pub mod guide;
#[cfg(feature = "model")]
pub mod model;

#[cfg(feature = "executor")]
mod executor;
#[cfg(all(feature = "mpsc", feature = "timeout"))]
mod send_timeout;

#[cfg(all(feature = "executor", feature = "execute"))]
pub use executor::Embedded;
#[cfg(feature = "executor")]
pub use executor::{Task, block_on, spawn};
#[cfg(feature = "_channel")]
pub use selvedge_channel as channel;
#[cfg(feature = "_context")]
pub use selvedge_context as context;
#[cfg(feature = "_sync")]
pub use selvedge_sync as sync;
#[cfg(feature = "_timer")]
pub use selvedge_timer as time;
#[cfg(all(feature = "mpsc", feature = "timeout"))]
pub use send_timeout::{SendTimeout, SendTimeoutExt};

#[cfg(all(doctest, feature = "model", feature = "executor"))]
#[doc = include_str!("../README.md")]
mod readme {}
