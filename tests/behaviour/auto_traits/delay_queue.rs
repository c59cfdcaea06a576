use std::marker::PhantomPinned;

use selvedge::time::{
    DelayQueue,
    delay_queue::{Expired, Key},
};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        DelayQueue<NN>: 0 0 1; DelayQueue<YN>: 1 0 1; DelayQueue<YY>: 1 1 1;
        DelayQueue<NY>: 0 1 1; DelayQueue<PhantomPinned>: 1 1 1;
        Expired<NN>: 0 0 1; Expired<YN>: 1 0 1; Expired<YY>: 1 1 1; Key: 1 1 1;
    }
}

#[test]
fn sizes() {
    at_most! {
        DelayQueue<u64>: 47; Key: 2;
    }
}
