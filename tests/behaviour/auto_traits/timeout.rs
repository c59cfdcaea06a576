use std::marker::PhantomPinned;

use selvedge::time::{Elapsed, Timeout};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Timeout<NN>: 0 0 1; Timeout<YN>: 1 0 1; Timeout<YY>: 1 1 1; Timeout<NY>: 0 1 1;
        Timeout<PhantomPinned>: 1 1 0; Elapsed: 1 1 1;
    }
    is_error::<Elapsed>();
}

#[test]
fn sizes() {
    at_most! {
        Timeout<u64>: 10; Elapsed: 0;
    }
}
