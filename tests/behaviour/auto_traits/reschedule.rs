use std::marker::PhantomPinned;

use selvedge::time::{Deadline, Limited};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Deadline: 1 1 1;
        Limited<NN>: 0 0 1; Limited<YN>: 1 0 1; Limited<YY>: 1 1 1; Limited<NY>: 0 1 1;
        Limited<PhantomPinned>: 1 1 0;
    }
}

#[test]
fn sizes() {
    at_most! {
        Deadline: 3; Limited<u64>: 12;
    }
}
