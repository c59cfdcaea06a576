//! Checks a concurrency design of your own: every interleaving, every cancellation, every order of
//! timers.
//!
//! A design is a few named tasks over shared state, and something that must hold in the end.
//! [`check`] runs it under [loom] when the crate is built with `--cfg selvedge_loom`, in every
//! schedule up to a number of preemptions; without the flag the same test runs as a stress test on
//! real threads.
//!
//! ```
//! use std::sync::Arc;
//!
//! use selvedge::{model::{self, Design}, sync::Semaphore};
//!
//! model::check(|d: &mut Design| {
//!     let looms = Arc::new(Semaphore::new(1));
//!     let (user, quitter) = (looms.clone(), looms.clone());
//!     d.task("user", async move { drop(user.acquire().await) });
//!     d.cancellable("quitter", async move { drop(quitter.acquire().await) });
//!     d.after(move || assert_eq!(looms.available_permits(), 1));
//! });
//! ```
//!
//! ```sh
//! cargo test                                                     # stress, on real threads
//! RUSTFLAGS="--cfg selvedge_loom" cargo test --release           # every schedule
//! ```
//!
//! A failure prints the schedule as a table, a column a task and a row a step, with who sleeps for
//! ever; and leaves it as a Mermaid diagram and an SVG in `target/selvedge-model/`.
//!
//! What a pass means: every schedule with at most [`Check::preemptions`] preemptions was run, and
//! every cancellation and choice in it. loom does not reorder inside a thread and counts `SeqCst`
//! accesses as `AcqRel`, so it is strong evidence and no proof.
//!
//! [loom]: https://docs.rs/loom

mod check;
mod clock;
mod design;
mod history;
mod tasks;
mod timeline;

#[cfg(any(selvedge_random, not(selvedge_loom)))]
mod chance;
#[cfg(selvedge_loom)]
mod pictures;
#[cfg(selvedge_random)]
mod random;

#[cfg(all(selvedge_loom, not(selvedge_random)))]
mod arc;
#[cfg(all(selvedge_loom, not(selvedge_random)))]
mod choices;
#[cfg(all(selvedge_loom, not(selvedge_random)))]
mod replay;
#[cfg(all(selvedge_loom, not(selvedge_random)))]
mod search;

#[cfg(selvedge_loom)]
#[path = "scheduled.rs"]
mod engine;
#[cfg(not(selvedge_loom))]
#[path = "stress.rs"]
mod engine;

pub use check::{Check, Report, check};
pub use clock::{Clock, Elapsed, Sleep};
pub use design::{Design, Token};
pub use history::History;
pub use timeline::Timeline;

/// Atomics for the shared state of a design: loom's under the flag.
pub use selvedge_sync::raw::shim::atomic;

/// A cell for the shared state of a design: under the flag loom reports whoever touches it beside
/// another, and the order in which that happened.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use selvedge::{model::{self, Cell}, sync::Semaphore};
///
/// model::check(|d| {
///     let shared = Arc::new((Semaphore::new(1), Cell::new(0)));
///     for name in ["one", "two"] {
///         let shared = shared.clone();
///         d.task(name, async move {
///             let (turn, count) = &*shared;
///             let _turn = turn.acquire().await.unwrap();
///             // SAFETY: whoever has the permit is alone; without it, the check would fail here.
///             unsafe { count.with(|count| *count += 1) };
///         });
///     }
/// });
/// ```
pub use selvedge_sync::raw::shim::Cell;

#[cfg(all(selvedge_loom, not(selvedge_random)))]
pub use arc::Arc;
/// For shared state: under the flag loom reports what is never dropped.
#[cfg(any(selvedge_random, not(selvedge_loom)))]
pub use std::sync::Arc;

pub use engine::{spawn, yield_now};
/// For a thread of a design that waits.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use selvedge::{model, sync::Semaphore};
///
/// model::check(|d| {
///     let looms = Arc::new(Semaphore::new(0));
///     let other = looms.clone();
///     d.thread("waits", move || drop(model::block_on(looms.acquire())));
///     d.task("gives", async move { other.add_permits(1) });
/// });
/// ```
pub use selvedge_sync::raw::block::block_on;

#[doc(hidden)]
#[cfg(all(selvedge_loom, not(selvedge_random)))]
pub use loom as __model;
#[doc(hidden)]
#[cfg(selvedge_random)]
pub use shuttle as __model;

/// Writes a line of your own into the timeline.
///
/// # Examples
///
/// ```
/// use selvedge::model;
///
/// model::check(|d| {
///     d.task("weaver", async {
///         // Stands between the steps of the primitives, should a schedule fail.
///         model::note("the first row is done");
///     });
/// });
/// ```
#[track_caller]
pub fn note(text: impl Into<std::string::String>) {
    engine::note(text.into(), Some(core::panic::Location::caller()));
}

/// Declares statics that a model starts anew in each schedule: plain statics in a build.
///
/// ```
/// selvedge::model::statics! {
///     /// At most three at a time.
///     static LIMIT: selvedge::sync::Semaphore = selvedge::sync::Semaphore::new(3);
/// }
/// assert_eq!(LIMIT.available_permits(), 3);
/// ```
#[cfg(not(selvedge_loom))]
#[macro_export]
#[doc(hidden)]
macro_rules! __statics {
    ($($(#[$attr:meta])* $vis:vis static $name:ident: $type:ty = $value:expr;)*) => {
        $($(#[$attr])* $vis static $name: $type = $value;)*
    };
}

/// Declares statics that a model starts anew in each schedule: plain statics in a build.
#[cfg(selvedge_loom)]
#[macro_export]
#[doc(hidden)]
macro_rules! __statics {
    ($($(#[$attr:meta])* static $name:ident: $type:ty = $value:expr;)*) => {
        $crate::model::__model::lazy_static! {
            $($(#[$attr])* static ref $name: $type = $value;)*
        }
    };
    ($($(#[$attr:meta])* pub static $name:ident: $type:ty = $value:expr;)*) => {
        $crate::model::__model::lazy_static! {
            $($(#[$attr])* pub static ref $name: $type = $value;)*
        }
    };
}
#[doc(inline)]
pub use crate::__statics as statics;
