//! What the timers share. Not public API.
//!
//! | file     | job                                                          |
//! |----------|--------------------------------------------------------------|
//! | `wheel`  | which deadline comes next                                    |
//! | `free`   | which entries of its table are free                          |
//! | `alarms` | a wheel of wakers that tasks and a driver share              |
//! | `driver` | what wakes them: a loop that parks until the next deadline   |
//! | `hosted` | alarms that wake by a runtime's own timer                    |
//! | `inline` | what polls their driver where there is no executor           |
//! | `thread` | the default timer: such a loop on a thread of its own        |
//! | `timer`  | the contract of a timer, and which one a thread uses         |

pub mod alarms;
pub mod driver;
mod free;
pub mod hosted;
pub mod inline;
#[cfg(all(feature = "thread", not(selvedge_loom)))]
pub mod thread;
pub mod timer;
pub mod wheel;
