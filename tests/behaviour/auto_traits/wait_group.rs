use selvedge::sync::{Wait, WaitGroup};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! { WaitGroup: 1 1 1; Wait: 1 1 0; }
    unwinds::<WaitGroup>();
}

#[test]
fn sizes() {
    at_most! { WaitGroup: 1; Wait: 11; }
}
