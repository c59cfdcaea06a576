use futures_lite::stream::{Empty, Pending};
use selvedge::time::{DebounceEdge, StreamDebounce};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        StreamDebounce<Empty<NN>>: 0 0 1; StreamDebounce<Pending<YN>>: 1 0 1;
        StreamDebounce<Empty<YY>>: 1 1 1; StreamDebounce<Pending<NY>>: 0 1 1;
        DebounceEdge: 1 1 1;
    }
}

#[test]
fn sizes() {
    at_most! {
        StreamDebounce<Empty<u64>>: 13;
    }
}
