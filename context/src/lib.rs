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
//! | `shutdown` | [`Shutdown`]: the end of a program, in phases with deadlines, and a report of what was left |
//! | `execute` | [`Execute`], the contract with an executor; adapters `threads`, `tokio`, `smol`, `async-executor`, `futures` |
//! | `handle` | [`remote`], [`spawn_on`]: a task in two halves, one of them a [`Handle`] |
//! | `scope` | [`scope()`], [`local_scope`]: a group whose children borrow, in one task |
//! | `task_group` | [`TaskGroup`]: a group whose children are tasks of an executor |
//! | `join_all`, `try_join_all`, `race`, `race_ok` | as they are called |
//! | `wait`, `as_completed`, `for_each_limit`, `select_futures` | as they are called, and [`select`] |
//! | `offload`, `to_thread`, `cpu` | functions that block or compute, on pools |
//!
//! No `Drop` in this crate blocks, panics or spawns.
#![no_std]
#![cfg_attr(
    not(feature = "default"),
    expect(
        rustdoc::broken_intra_doc_links,
        reason = "the front page names what a feature would bring"
    )
)]

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

#[cfg(feature = "shutdown")]
mod shutdown;
#[cfg(feature = "shutdown")]
pub use shutdown::{Phase, PhaseReport, Shutdown, ShutdownReport, ShuttingDown};
mod error;
#[cfg(feature = "scope")]
pub use error::group::{Failure, GroupError, NotStarted, Who};
pub use error::{JoinError, Panic, ZeroLimit};

#[cfg(feature = "execute")]
mod execute;
#[cfg(feature = "execute")]
pub use execute::Execute;
#[cfg(all(feature = "smol", not(selvedge_loom)))]
pub use execute::Smol;
#[cfg(feature = "threads")]
pub use execute::Threads;
#[cfg(feature = "futures")]
pub use execute::{Futures, FuturesLocal};
#[cfg(all(feature = "tokio", not(selvedge_loom)))]
pub use execute::{Tokio, TokioLocal};

#[cfg(feature = "handle")]
mod handle;
#[cfg(feature = "handle")]
pub use handle::{Handle, Remote, remote, spawn_on};

#[cfg(feature = "scope")]
mod scope;
#[cfg(feature = "scope")]
pub use raw::{
    pool::{AnyThread, OneThread},
    start::{Start, Started},
};
#[cfg(feature = "scope")]
pub use scope::{InScope, LocalScope, Scope, local_scope, scope};

#[cfg(feature = "task_group")]
mod task_group;
#[cfg(feature = "task_group")]
pub use task_group::{InGroup, Spawner, TaskGroup, member::Member};

#[cfg(feature = "offload")]
mod offload;
#[cfg(all(feature = "cpu", not(selvedge_loom)))]
pub use offload::cpu;
#[cfg(all(feature = "to_thread", not(selvedge_loom)))]
pub use offload::to_thread;
#[cfg(feature = "offload")]
pub use offload::{Offload, OffloadJob, Stop, offload_to};

mod combine;
#[cfg(feature = "as_completed")]
pub use combine::as_completed::{AsCompleted, NextCompleted, as_completed};
#[cfg(feature = "for_each_limit")]
pub use combine::for_each_limit::{
    ForEachLimit, TryForEachLimit, for_each_limit, try_for_each_limit,
};
#[cfg(feature = "join_all")]
pub use combine::join_all::{JoinAll, join_all};
#[cfg(feature = "race")]
pub use combine::race::{Race, race};
#[cfg(feature = "race_ok")]
pub use combine::race_ok::{RaceOk, race_ok};
#[cfg(feature = "select_futures")]
pub use combine::select_futures::{
    OneOf2, OneOf3, OneOf4, Select, Select3, Select4, select, select3, select4,
};
#[cfg(feature = "try_join_all")]
pub use combine::try_join_all::{TryJoinAll, try_join_all};
#[cfg(feature = "wait")]
pub use combine::wait::{Until, Wait, Waited, wait};

#[cfg(all(doctest, feature = "cancel"))]
#[doc = include_str!("../README.md")]
mod readme {}
