//! What must hold of calls that are made elsewhere in every interleaving.

use std::future::pending;

use selvedge::context::decorate::{BufferClosed, buffer, op};

use crate::runner::{block_on, design, poll_and_cancel};

/// A call is answered, and the driver ends with the last handle.
///
/// Red when: mutant "a call comes without a word", "a driver looks once", or "a driver outlives its
/// handles".
#[test]
fn a_call_is_answered_and_the_driver_ends() {
    design(2, |d| {
        let double = op(async |n: u32| Ok::<_, BufferClosed>(2 * n));
        let (handle, driver) = buffer(double, 1, 1);
        d.thread("calls", move || {
            assert_eq!(block_on(handle.call((2,))), Ok(4));
        });
        d.thread("drives", move || block_on(driver));
    });
}

/// A driver that is dropped tells whoever waits.
///
/// Red when: mutant "a driver goes without a word".
#[test]
fn a_dropped_driver_tells_its_callers() {
    design(2, |d| {
        let hangs = op(async |_: u32| pending::<Result<(), BufferClosed>>().await);
        let (handle, driver) = buffer(hangs, 1, 1);
        d.thread("calls", move || {
            assert_eq!(block_on(handle.call((2,))), Err(BufferClosed));
        });
        d.thread("drives", move || assert_eq!(poll_and_cancel(driver), None));
    });
}

/// A caller that goes takes its call along: the driver does not wait for it.
///
/// Red when: mutant "a caller goes without a word".
#[test]
fn a_caller_that_goes_takes_its_call_along() {
    design(2, |d| {
        let hangs = op(async |_: u32| pending::<Result<(), BufferClosed>>().await);
        let (handle, driver) = buffer(hangs, 1, 1);
        d.thread("calls", move || assert_eq!(poll_and_cancel(handle.call((2,))), None));
        d.thread("drives", move || block_on(driver));
    });
}
