use selvedge::sync::{
    BrokenBarrierError, CyclicBarrier, CyclicBarrierStatistics, CyclicBarrierWait,
};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        CyclicBarrier: 1 1 1; CyclicBarrierWait<'static>: 1 1 0; CyclicBarrierStatistics: 1 1 1;
        BrokenBarrierError: 1 1 1;
    }
    unwinds::<CyclicBarrier>();
    unwinds::<BrokenBarrierError>();
    is_error::<BrokenBarrierError>();
}

#[test]
fn sizes() {
    at_most! {
        CyclicBarrier: 8; CyclicBarrierWait<'static>: 16; BrokenBarrierError: 0;
    }
}
