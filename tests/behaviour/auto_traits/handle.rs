use std::future::{Pending, Ready};

use selvedge::context::{Handle, JoinError, Panic, Remote};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Handle<NN>: 0 0 1; Handle<YN>: 1 1 1; Handle<YY>: 1 1 1; Handle<NY>: 0 0 1;
        Remote<Ready<NN>>: 0 0 1; Remote<Ready<YN>>: 1 0 1; Remote<Pending<YY>>: 1 1 1;
        Panic: 1 1 1; JoinError: 1 1 1;
    }
}

#[test]
fn sizes() {
    at_most! { Handle<u8>: 1; Remote<Ready<u8>>: 2; Remote<Ready<[u64; 8]>>: 10; Panic: 5; }
}
