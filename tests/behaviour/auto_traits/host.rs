use selvedge::time::{AsyncIoTimer, TokioTimer};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        TokioTimer: 1 1 1; AsyncIoTimer: 1 1 1;
    }
}

#[test]
fn sizes() {
    at_most! {
        TokioTimer: 1; AsyncIoTimer: 0;
    }
}
