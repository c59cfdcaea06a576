//! At most so long.

use std::{
    cell::Cell,
    future::{pending, ready},
    pin::pin,
    task::Poll,
    time::Duration,
};

use selvedge::{
    context::decorate::{CallError, Deadline, op},
    time::{Timer, VirtualClock},
};

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

/// Semantics 104: the deadline moves while the call runs, whoever moves it.
#[test]
fn a_deadline_moves_while_the_call_runs() {
    let clock = VirtualClock::new();
    let gate = Cell::new(false);
    let call = op(async |_: &str, deadline: Deadline<VirtualClock>| {
        std::future::poll_fn(|_| if gate.get() { Poll::Ready(()) } else { Poll::Pending }).await;
        deadline.reschedule_after(20 * MS);
        pending::<Result<(), Failed>>().await
    })
    .deadline(|(_, deadline): &(&str, Deadline<VirtualClock>)| deadline.clone());
    let deadline = Deadline::after_on(clock.clone(), 5 * MS);
    let watched = Watched::new();
    let name = String::from("weft");
    let mut running = pin!(call.call2(&name, deadline.clone()));
    assert!(watched.poll(running.as_mut()).is_pending());
    // Later, by the caller.
    deadline.reschedule_after(10 * MS);
    clock.advance(9 * MS);
    assert!(watched.poll(running.as_mut()).is_pending());
    // Later, by the function itself.
    gate.set(true);
    assert!(watched.poll(running.as_mut()).is_pending());
    clock.advance(19 * MS);
    assert!(watched.poll(running.as_mut()).is_pending());
    // Earlier: who waits is woken.
    let before = watched.woken();
    deadline.reschedule(clock.now());
    assert!(watched.woken() > before);
    assert!(matches!(watched.poll(running), Poll::Ready(Err(CallError::Elapsed(_)))));
}

/// Semantics 99, of a deadline that moves: also one that has passed before the call.
#[test]
fn a_result_beats_a_deadline_that_moves() {
    let clock = VirtualClock::new();
    let call = op(async |_: Deadline<VirtualClock>| Ok::<_, Failed>(7));
    let call = call.deadline(|(deadline,): &(Deadline<VirtualClock>,)| deadline.clone());
    let passed = Deadline::after_on(clock.clone(), Duration::ZERO);
    clock.advance(MS);
    assert_eq!(at_once(pin!(call.call(passed.clone()))), Ok(7));
    let never = op(async |_: Deadline<VirtualClock>| pending::<Result<(), Failed>>().await);
    let never = never.deadline(|(deadline,): &(Deadline<VirtualClock>,)| deadline.clone());
    assert!(at_once(pin!(never.call(passed))).is_err());
}
