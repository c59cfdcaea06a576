use std::marker::PhantomPinned;

use selvedge::time::{AutoAdvance, VirtualClock};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        VirtualClock: 1 1 1;
        AutoAdvance<NN>: 0 0 1; AutoAdvance<YN>: 1 0 1; AutoAdvance<YY>: 1 1 1;
        AutoAdvance<PhantomPinned>: 1 1 0;
    }
}

#[test]
fn sizes() {
    at_most! {
        VirtualClock: 1; AutoAdvance<u64>: 14;
    }
}
