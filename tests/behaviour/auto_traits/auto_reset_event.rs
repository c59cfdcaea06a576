use selvedge::sync::{AutoResetEvent, AutoResetEventStatistics, AutoResetEventWait};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        AutoResetEvent: 1 1 1; AutoResetEventWait<'static>: 1 1 0; AutoResetEventStatistics: 1 1 1;
    }
    unwinds::<AutoResetEvent>();
}

#[test]
fn sizes() {
    at_most! {
        AutoResetEvent: 4; AutoResetEventWait<'static>: 12;
    }
}
