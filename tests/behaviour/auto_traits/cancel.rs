use std::future::{Pending, Ready};

use selvedge::context::{
    CancellationToken, Deadline, DeadlineScope, DropGuard, DropGuardRef, Reason, Registration,
    RunUntilCancelled, RunUntilCancelledOwned, WaitForCancellationFuture,
    WaitForCancellationFutureOwned,
};

use super::*;

/// Holds what must stay on its thread.
type Local = Ready<NN>;

#[test]
fn traits() {
    send_sync_unpin! {
        CancellationToken: 1 1 1; DropGuard: 1 1 1; DropGuardRef<'static>: 1 1 1;
        Registration: 1 1 1; Reason: 1 1 1; Deadline: 1 1 1;
        WaitForCancellationFuture<'static>: 1 1 0; WaitForCancellationFutureOwned: 1 1 0;
        RunUntilCancelled<'static, Pending<u8>>: 1 1 0; RunUntilCancelledOwned<Pending<u8>>: 1 1 0;
        RunUntilCancelled<'static, Local>: 0 0 0; RunUntilCancelledOwned<Local>: 0 0 0;
        DeadlineScope<Local>: 0 0 1;
    }
    unwinds::<CancellationToken>();
    unwinds::<DropGuard>();
    unwinds::<Registration>();
}

#[test]
fn sizes() {
    at_most! {
        CancellationToken: 1; DropGuard: 1; DropGuardRef<'static>: 1; Registration: 2;
        WaitForCancellationFuture<'static>: 9; WaitForCancellationFutureOwned: 9;
        Deadline: 2; Reason: 3;
    }
}
