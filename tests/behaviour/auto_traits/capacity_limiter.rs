use selvedge::sync::{
    AcquireOnBehalfOf, AcquireToken, AcquireTokenOwned, AlreadyBorrowed, CapacityLimiter,
    CapacityToken, NotBorrowed, OwnedCapacityToken, TryBorrowError, WouldBlock,
};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        CapacityLimiter: 1 1 1; CapacityToken<'static>: 1 1 1; OwnedCapacityToken: 1 1 1;
        AcquireToken<'static>: 1 1 0; AcquireTokenOwned: 1 1 0; AcquireOnBehalfOf<'static>: 1 1 0;
    }
    unwinds::<CapacityLimiter>();
    is_error::<AlreadyBorrowed>();
    is_error::<NotBorrowed>();
    is_error::<WouldBlock>();
    is_error::<TryBorrowError>();
}

#[test]
fn sizes() {
    at_most! {
        CapacityLimiter: 10; CapacityToken<'static>: 3; AcquireToken<'static>: 15;
        AcquireOnBehalfOf<'static>: 18;
    }
}
