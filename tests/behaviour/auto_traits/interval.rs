use selvedge::time::{Interval, MissedTickBehavior, Tick};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Interval: 1 1 1; MissedTickBehavior: 1 1 1; Tick<'static>: 1 1 1;
    }
}

#[test]
fn sizes() {
    at_most! {
        Interval: 11; Tick<'static>: 1;
    }
}
