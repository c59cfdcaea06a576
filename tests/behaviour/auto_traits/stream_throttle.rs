use std::marker::PhantomPinned;

use selvedge::time::StreamThrottle;

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        StreamThrottle<NN>: 0 0 1; StreamThrottle<YN>: 1 0 1; StreamThrottle<YY>: 1 1 1;
        StreamThrottle<NY>: 0 1 1; StreamThrottle<PhantomPinned>: 1 1 0;
    }
}

#[test]
fn sizes() {
    at_most! {
        StreamThrottle<u64>: 12;
    }
}
