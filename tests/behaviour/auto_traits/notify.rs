use selvedge::sync::{Notified, Notify, NotifyStatistics, OwnedNotified};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Notify: 1 1 1; Notified<'static>: 1 1 0; OwnedNotified: 1 1 0; NotifyStatistics: 1 1 1;
    }
    unwinds::<Notify>();
}

#[test]
fn sizes() {
    at_most! {
        Notify: 4; Notified<'static>: 12; OwnedNotified: 12;
    }
}
