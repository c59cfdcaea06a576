use selvedge::sync::{
    AcquireBounded, AcquireBoundedOwned, BoundedPermit, BoundedSemaphore, OwnedBoundedPermit,
    ReleaseError,
};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        BoundedSemaphore: 1 1 1; BoundedPermit<'static>: 1 1 1; OwnedBoundedPermit: 1 1 1;
        AcquireBounded<'static>: 1 1 0; AcquireBoundedOwned: 1 1 0; ReleaseError: 1 1 1;
    }
    unwinds::<BoundedSemaphore>();
    is_error::<ReleaseError>();
}

#[test]
fn sizes() {
    at_most! { BoundedSemaphore: 7; BoundedPermit<'static>: 3; AcquireBounded<'static>: 15; }
}
