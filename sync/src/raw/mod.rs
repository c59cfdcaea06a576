//! The foundation that the four crates share. Not public API.
//!
//! | file    | job                                                        | `unsafe` |
//! |---------|------------------------------------------------------------|----------|
//! | `shim`  | atomics, lock, cell, parking: `std` in a build, loom in a model | yes |
//! | `log`   | what a model's threads did, for the timeline (models only) | no       |
//! | `overlap` | who touches a cell beside another (random models only)   | yes      |
//! | `wakers`| wake-ups that leave a lock as values                       | yes      |
//! | `list`  | the list threaded through pinned waiters                   | yes      |
//! | `line`  | waiting in line, and being granted a turn                  | no       |
//! | `trace` | who waits and who holds, for `diagnose`                     | no       |
//! | `guard` | access to a value for as long as a turn is held            | yes      |
//! | `slot`  | room for the waker of the one task that waits              | no       |
//! | `signal`| waiting for a condition, seldom and by many                | no       |
//! | `once`  | a value that is written once                               | yes      |
//! | `keyed` | an entry a key, for as long as somebody uses it            | no       |
//! | `block` | waiting with a thread instead of a task                    | no       |

#[cfg(any(feature = "std", selvedge_loom))]
pub mod block;
pub mod guard;
#[cfg(feature = "_keyed")]
pub mod keyed;
pub mod line;
pub mod list;
#[cfg(selvedge_loom)]
pub mod log;
pub mod once;
#[cfg(selvedge_random)]
mod overlap;
pub mod shim;
pub mod signal;
pub mod slot;
pub mod trace;
pub mod wakers;
