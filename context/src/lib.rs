//! Who may still run, until when, and what happens at the end: for tasks on any executor.
//!
//! Every primitive is a feature of its own, and all are on by default. Nothing here names a
//! runtime: what has to run elsewhere is a future that the program polls where it likes, and what
//! has to wait stands in the line that the locks of `selvedge-sync` use.
//!
//! | feature | what is in it |
//! |---------|---------------|
//! | `cancel` | [`CancellationToken`]: trees, reasons, deadlines, several parents, callbacks; [`Deadline`] |
//! | `tracker` | [`TaskTracker`]: counts tasks, and waits for their end |
//! | `decorate` … | [`decorate`]: `op(f).timeout(…)`, and whatever else wraps a function |
//! | `guard` | [`Guard`] and [`with`]: cleanups that are awaited, or left to a [`Reaper`] |
//! | `stack` | [`Stack`] and [`with_stack`]: exits, last in, first out |
//! | `shield` | [`shield`]: a future that its caller's cancellation does not reach |
//!
//! No `Drop` in this crate blocks, panics or spawns.
#![no_std]

extern crate alloc;
#[cfg(any(feature = "std", selvedge_loom))]
extern crate std;

#[doc(hidden)]
pub mod raw;

#[cfg(feature = "cancel")]
mod cancel;
#[cfg(feature = "cancel")]
pub use cancel::{
    CancellationToken, Deadline, DeadlineScope, DropGuard, DropGuardRef, Reason, Registration,
    RunUntilCancelled, RunUntilCancelledOwned, WaitForCancellationFuture,
    WaitForCancellationFutureOwned,
};

#[cfg(feature = "tracker")]
mod tracker;
#[cfg(feature = "tracker")]
pub use tracker::{TaskTracker, TaskTrackerToken, TaskTrackerWaitFuture, TrackedFuture};
#[cfg(feature = "decorate")]
pub mod decorate;

#[cfg(feature = "guard")]
mod guard;
#[cfg(feature = "guard")]
pub use guard::{
    Anywhere, Cleanup, Closing, Exit, Guard, Here, Job, Kind, LocalReaper, Outcome, Reap, Reaper,
    ReaperOf, Report, Run, ThreadReaper, WeakReaper, With, WithError, with,
};

#[cfg(feature = "stack")]
mod stack;
#[cfg(feature = "stack")]
pub use stack::{ExitErrors, Stack, Unwind, Verdict, with_stack};

#[cfg(feature = "shield")]
mod shield;
#[cfg(feature = "shield")]
pub use shield::{Finished, Shield, Shielded, shield};
