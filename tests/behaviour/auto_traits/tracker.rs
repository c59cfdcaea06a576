use std::future::Ready;

use selvedge::context::{TaskTracker, TaskTrackerToken, TaskTrackerWaitFuture, TrackedFuture};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        TaskTracker: 1 1 1; TaskTrackerToken: 1 1 1; TaskTrackerWaitFuture<'static>: 1 1 0;
        TrackedFuture<Ready<YY>>: 1 1 1; TrackedFuture<Ready<YN>>: 1 0 1;
        TrackedFuture<Ready<NN>>: 0 0 1;
    }
    unwinds::<TaskTracker>();
    unwinds::<TaskTrackerToken>();
}

#[test]
fn sizes() {
    at_most! {
        TaskTracker: 1; TaskTrackerToken: 1; TaskTrackerWaitFuture<'static>: 9;
        TrackedFuture<Ready<usize>>: 3;
    }
}
