//! What the timers share. Not public API.
//!
//! | file     | job                                                      |
//! |----------|----------------------------------------------------------|
//! | `timer`  | the contract of a timer, and which one a thread uses     |
//! | `thread` | the default: one thread that parks until the next deadline |

#[cfg(feature = "thread")]
pub mod thread;
pub mod timer;
