use selvedge::sync::{Barrier, BarrierStatistics, BarrierWait, BarrierWaitResult};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Barrier: 1 1 1; BarrierWait<'static>: 1 1 0; BarrierWaitResult: 1 1 1;
        BarrierStatistics: 1 1 1;
    }
    unwinds::<Barrier>();
}

#[test]
fn sizes() {
    at_most! {
        Barrier: 5; BarrierWait<'static>: 11; BarrierWaitResult: 1;
    }
}
