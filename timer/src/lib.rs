//! Time as an argument: sleeping and deadlines for tasks, on any executor.
//!
//! Nothing here names a runtime. [`sleep`] and [`timeout`] take their time from the thread's
//! [current timer](enter): one lazily started thread, unless another was entered. Each has a twin
//! that names its timer: [`sleep_on`], [`timeout_on`].
#![no_std]

#[cfg(feature = "std")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

#[cfg(feature = "std")]
#[doc(hidden)]
pub mod raw;

#[cfg(feature = "std")]
pub use raw::timer::{Entered, Key, Timer, TimerError, enter};

#[cfg(feature = "sleep")]
mod sleep;
#[cfg(feature = "sleep")]
pub use sleep::{Sleep, sleep, sleep_on, sleep_until, sleep_until_on};

#[cfg(feature = "timeout")]
mod timeout;
#[cfg(feature = "timeout")]
pub use timeout::{Elapsed, Timeout, timeout, timeout_at, timeout_on};
