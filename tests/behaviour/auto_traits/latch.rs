use selvedge::sync::{Latch, LatchWait, LatchWaitOwned};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Latch: 1 1 1; LatchWait<'static>: 1 1 0; LatchWaitOwned: 1 1 0;
    }
    unwinds::<Latch>();
}

#[test]
fn sizes() {
    at_most! { Latch: 4; LatchWait<'static>: 10; LatchWaitOwned: 10; }
}
