use futures_lite::stream::{Empty, Pending};
use selvedge::time::ChunksTimeout;

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        ChunksTimeout<Empty<NN>>: 0 0 1; ChunksTimeout<Pending<YN>>: 1 0 1;
        ChunksTimeout<Empty<YY>>: 1 1 1; ChunksTimeout<Pending<NY>>: 0 1 1;
    }
}

#[test]
fn sizes() {
    at_most! {
        ChunksTimeout<Empty<u64>>: 16;
    }
}
