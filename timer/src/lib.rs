//! Time as an argument: sleeping and deadlines for tasks, on any executor.
//!
//! Nothing here names a runtime. [`sleep()`] and the others take their time from the thread's current
//! timer: one lazily started thread, unless another was [entered](Timer::enter). Each has a twin
//! that names its timer, borrowed or kept: [`sleep_on`], [`timeout_on`].
//!
//! | feature       | what is in it                                                       |
//! |---------------|---------------------------------------------------------------------|
//! | `sleep`       | [`sleep()`], [`Sleep`], which can be moved                          |
//! | `timeout`     | [`timeout()`]: a deadline for a future                              |
//! | `reschedule`  | [`Deadline`], which can be moved while it is waited for             |
//! | `interval`    | [`interval()`]: a tick every so often                               |
//! | `delay_queue` | [`DelayQueue`]: items that come out when they are due               |
//! | `stream_throttle` | [`stream_throttle()`]: no faster than one item a period         |
//! | `stream_debounce` | [`stream_debounce()`]: one item of each burst, or two           |
//! | `chunks_timeout` | [`chunks_timeout()`]: so many items, or as many as came in time  |
//! | `virtual`     | [`VirtualClock`]: time that is turned by hand, or jumps, for tests  |
//! | `thread`      | the default timer                                                   |
//! | `tokio`       | `TokioTimer`: tokio's own timer wakes                               |
//! | `async-io`    | `AsyncIoTimer`: async-io's own timer wakes, as smol's               |
//! | `stream`      | [`Interval`] and [`DelayQueue`] are streams                         |
//!
//! The timers sleep in a hierarchical wheel: setting, moving and cancelling a deadline take as many
//! steps for a thousand as for a million of them, and allocate nothing once it has grown. No deadline
//! is early. One that stands alone is woken for in its own time; those of a crowd that come within a
//! quarter of a millisecond are woken together.
#![no_std]
#![cfg_attr(
    not(feature = "default"),
    expect(
        rustdoc::broken_intra_doc_links,
        reason = "the front page names what a feature would bring"
    )
)]

#[cfg(feature = "std")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
#[doc(hidden)]
pub mod raw;

#[cfg(feature = "std")]
pub use raw::timer::{Current, Entered, Key, Timer, TimerError, never};

#[cfg(all(any(feature = "tokio", feature = "async-io"), not(selvedge_loom)))]
mod host;
#[cfg(all(feature = "async-io", not(selvedge_loom)))]
pub use host::AsyncIoTimer;
#[cfg(all(feature = "tokio", not(selvedge_loom)))]
pub use host::TokioTimer;

/// As the standard library has it, so that a `use` line needs one path.
#[cfg(feature = "std")]
#[doc(no_inline)]
pub use core::time::Duration;
/// As the standard library has it, so that a `use` line needs one path.
#[cfg(feature = "std")]
#[doc(no_inline)]
pub use std::time::Instant;

/// Errors, where tokio has them too: [`Elapsed`].
#[cfg(feature = "timeout")]
pub mod error {
    pub use crate::timeout::Elapsed;
}

#[cfg(feature = "sleep")]
mod sleep;
#[cfg(feature = "sleep")]
pub use sleep::{Sleep, sleep, sleep_on, sleep_until, sleep_until_on};

#[cfg(feature = "timeout")]
mod timeout;
#[cfg(feature = "timeout")]
pub use timeout::{Elapsed, Timeout, timeout, timeout_at, timeout_at_on, timeout_on};

#[cfg(feature = "reschedule")]
mod reschedule;
#[cfg(feature = "reschedule")]
pub use reschedule::{Deadline, Limited};

#[cfg(feature = "interval")]
mod interval;
#[cfg(feature = "interval")]
pub use interval::{
    Interval, MissedTickBehavior, Tick, interval, interval_at, interval_at_on, interval_on,
};

#[cfg(feature = "delay_queue")]
pub mod delay_queue;
#[cfg(feature = "delay_queue")]
pub use delay_queue::DelayQueue;

#[cfg(feature = "stream_throttle")]
mod stream_throttle;
#[cfg(feature = "stream_throttle")]
pub use stream_throttle::{StreamThrottle, stream_throttle, stream_throttle_on};

#[cfg(feature = "stream_debounce")]
mod stream_debounce;
#[cfg(feature = "stream_debounce")]
pub use stream_debounce::{DebounceEdge, StreamDebounce, stream_debounce, stream_debounce_on};

#[cfg(feature = "chunks_timeout")]
mod chunks_timeout;
#[cfg(feature = "chunks_timeout")]
pub use chunks_timeout::{ChunksTimeout, chunks_timeout, chunks_timeout_on};

#[cfg(feature = "virtual")]
mod r#virtual;
#[cfg(feature = "virtual")]
pub use r#virtual::{AutoAdvance, VirtualClock};

#[cfg(all(doctest, feature = "sleep", feature = "timeout", feature = "thread"))]
#[doc = include_str!("../README.md")]
mod readme {}
