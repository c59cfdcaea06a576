//! At most so long.

use std::{
    cell::Cell,
    future::{pending, ready},
    pin::pin,
    task::Poll,
};

use selvedge::context::decorate::{CallError, op};

use super::{Failed, MS, Turned};
use crate::harness::{Watched, poll, ready as at_once};

#[test]
fn a_call_that_is_ready_reads_no_clock() {
    let time = Turned::new();
    let one = op(async || Ok::<_, Failed>(1)).with_time(time.clone()).timeout(MS);
    assert_eq!(at_once(pin!(one.call0())), Ok(1));
    assert_eq!(time.looks(), 0);
}

#[test]
fn what_takes_too_long_ends_and_is_dropped_first() {
    struct Dropped<'a>(&'a Cell<bool>);
    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    let time = Turned::new();
    let dropped = Cell::new(false);
    let slow = op(async || {
        let _guard = Dropped(&dropped);
        pending::<Result<(), Failed>>().await
    })
    .with_time(time.clone())
    .timeout(5 * MS);
    let watched = Watched::new();
    {
        let mut call = pin!(slow.call0());
        assert!(watched.poll(call.as_mut()).is_pending());
        time.turn(4 * MS);
        assert_eq!(watched.woken(), 0);
        time.turn(MS);
        assert_eq!(watched.woken(), 1);
        assert!(matches!(poll(call.as_mut()), Poll::Ready(Err(CallError::Elapsed(_)))));
    }
    assert!(dropped.get());
}

/// Semantics 99.
#[test]
fn a_result_beats_the_deadline() {
    let time = Turned::new();
    let done = Cell::new(false);
    let call = op(async || {
        std::future::poll_fn(|_| if done.get() { Poll::Ready(()) } else { Poll::Pending }).await;
        Ok::<_, Failed>(7)
    })
    .with_time(time.clone())
    .timeout(MS);
    let mut call = pin!(call.call0());
    assert!(poll(call.as_mut()).is_pending());
    time.turn(9 * MS);
    done.set(true);
    assert_eq!(poll(call.as_mut()), Poll::Ready(Ok(7)));
}

/// Semantics 101.
#[test]
fn an_error_is_passed_on() {
    let call = op(async || ready(Err::<(), _>(CallError::Inner("no"))).await);
    let call = call.with_time(Turned::new()).timeout(MS);
    assert_eq!(at_once(pin!(call.call0())), Err::<(), Failed>(CallError::Inner("no")));
}
