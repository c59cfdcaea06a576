use selvedge::time::{Current, Entered, Key, Sleep, TimerError, VirtualClock};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Sleep: 1 1 1; Sleep<VirtualClock>: 1 1 1; Sleep<&'static VirtualClock>: 1 1 1;
        Current: 1 1 1; Entered: 0 0 1; Key: 1 1 1; TimerError: 1 1 1;
    }
    is_error::<TimerError>();
}

#[test]
fn sizes() {
    at_most! {
        Sleep: 8; Sleep<&'static VirtualClock>: 7; Current: 2; Key: 2; TimerError: 0;
    }
}
