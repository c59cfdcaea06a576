use selvedge::sync::{Event, EventStatistics, EventWait};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Event: 1 1 1; EventWait<'static>: 1 1 0; EventStatistics: 1 1 1;
    }
    unwinds::<Event>();
}

#[test]
fn sizes() {
    at_most! {
        Event: 4; EventWait<'static>: 12;
    }
}
