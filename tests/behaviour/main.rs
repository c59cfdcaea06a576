//! What the documentation promises, one file a primitive, through the public API.
//!
//! Everything is polled by hand, with wakers that count. Nothing sleeps, and no test needs luck.
//! Numbers are those of the list of behaviours that the project keeps (`Semantics 4`).
#![cfg(not(selvedge_loom))]

mod auto_traits;
mod cancel;
mod drop_in;
mod guards;
mod harness;
mod mutex;
mod oneshot;
mod permits;
mod rwlock;
mod semaphore;
mod sweep;
mod wakers;
mod watch;
