use selvedge::sync::{
    Acquire, AcquireError, AcquireOwned, OwnedSemaphorePermit, Semaphore, SemaphorePermit,
    TryAcquireError,
};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Semaphore: 1 1 1; SemaphorePermit<'static>: 1 1 1; OwnedSemaphorePermit: 1 1 1;
        Acquire<'static>: 1 1 0; AcquireOwned: 1 1 0;
        AcquireError: 1 1 1; TryAcquireError: 1 1 1;
    }
    unwinds::<Semaphore>();
    unwinds::<SemaphorePermit<'static>>();
    unwinds::<OwnedSemaphorePermit>();
    unwinds::<(AcquireError, TryAcquireError)>();
    is_error::<AcquireError>();
    is_error::<TryAcquireError>();
}

#[test]
fn sizes() {
    at_most! {
        Semaphore: 6; SemaphorePermit<'static>: 3; OwnedSemaphorePermit: 3;
        Acquire<'static>: 15; AcquireOwned: 15;
        AcquireError: 0; TryAcquireError: 1;
    }
}
