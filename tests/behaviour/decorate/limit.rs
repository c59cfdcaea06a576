//! So many at a time.

use std::{future::pending, pin::pin, sync::Arc};

use selvedge::{
    context::decorate::{CallError, Refused, limit, limit_within, op, shed},
    sync::Semaphore,
};

use super::{Failed, MS, Turned};
use crate::harness::{Watched, poll, ready};

#[test]
fn calls_wait_for_a_permit_and_give_it_back() {
    let room = Arc::new(Semaphore::new(1));
    let slow = op(async || pending::<Result<(), Failed>>().await).limit(room.clone());
    let quick = op(async || Ok::<_, Failed>(())).limit(room.clone());
    let mut first = Box::pin(slow.call0());
    assert!(poll(first.as_mut()).is_pending());
    let watched = Watched::new();
    let mut second = pin!(quick.call0());
    assert!(watched.poll(second.as_mut()).is_pending());
    drop(first);
    assert_eq!(watched.woken(), 1);
    assert_eq!(ready(second.as_mut()), Ok(()));
    assert_eq!(room.available_permits(), 1);
}

#[test]
fn a_call_that_is_cancelled_in_line_or_inside_takes_nothing_along() {
    let room = Semaphore::new(1);
    let slow = op(async || pending::<Result<(), Failed>>().await).limit(&room);
    let mut inside = Box::pin(slow.call0());
    let mut in_line = Box::pin(slow.call0());
    assert!(poll(inside.as_mut()).is_pending());
    assert!(poll(in_line.as_mut()).is_pending());
    assert_eq!(room.waiters(), 1);
    drop(in_line);
    assert_eq!((room.waiters(), room.available_permits()), (0, 0));
    drop(inside);
    assert_eq!(room.available_permits(), 1);
}

#[test]
fn shedding_refuses_what_would_have_to_wait() {
    let room = Semaphore::new(1);
    let one = op(async || Ok::<_, Failed>(1)).shed(&room);
    assert_eq!(ready(pin!(one.call0())), Ok(1));
    let held = room.try_acquire().unwrap();
    assert_eq!(ready(pin!(one.call0())), Err(CallError::Refused(Refused::Full)));
    drop(held);
    room.close();
    assert_eq!(ready(pin!(one.call0())), Err(CallError::Refused(Refused::Closed)));
    let one = op(async || Ok::<_, Failed>(1)).limit(&room);
    assert_eq!(ready(pin!(one.call0())), Err(CallError::Refused(Refused::Closed)));
}

#[test]
fn a_future_can_be_limited_without_a_chain() {
    let room = Semaphore::new(1);
    let mut inside = Box::pin(limit(&room, pending::<Result<(), Refused>>()));
    assert!(poll(inside.as_mut()).is_pending());
    let watched = Watched::new();
    let mut in_line = pin!(limit(&room, async { Ok::<_, Refused>(1) }));
    assert!(watched.poll(in_line.as_mut()).is_pending());
    assert_eq!(ready(pin!(shed(&room, async { Ok::<_, Refused>(1) }))), Err(Refused::Full));
    drop(inside);
    assert_eq!(watched.woken(), 1);
    assert_eq!(ready(in_line), Ok(1));
    assert_eq!(ready(pin!(shed(&room, async { Ok::<_, Refused>(1) }))), Ok(1));
}

/// With no room at all nobody is ever let in, and nobody is lost: the call waits, or is refused.
#[test]
fn no_room_at_all_lets_nobody_in() {
    let none = Semaphore::new(0);
    assert_eq!(ready(pin!(shed(&none, async { Ok::<_, Refused>(1) }))), Err(Refused::Full));
    let watched = Watched::new();
    let mut waiting = pin!(limit(&none, async { Ok::<_, Refused>(1) }));
    assert!(watched.poll(waiting.as_mut()).is_pending());
    none.add_permits(1);
    assert_eq!(watched.woken(), 1);
    assert_eq!(ready(waiting), Ok(1));
}

/// A call waits so long, leaves the line by then, and is refused; no longer once it runs.
#[test]
fn a_call_waits_only_so_long() {
    let (time, room) = (Turned::new(), Semaphore::new(1));
    let slow = op(async || pending::<Result<(), Failed>>().await);
    let slow = slow.with_time(time.clone()).limit_within(&room, 10 * MS);
    let mut inside = Box::pin(slow.call0());
    assert!(poll(inside.as_mut()).is_pending());
    let (watched, mut waiting) = (Watched::new(), pin!(slow.call0()));
    time.turn(5 * MS);
    assert!(watched.poll(waiting.as_mut()).is_pending());
    time.turn(9 * MS);
    assert_eq!((watched.woken(), room.waiters()), (0, 1));
    time.turn(MS);
    assert_eq!(watched.woken(), 1);
    assert_eq!(ready(waiting), Err(CallError::Refused(Refused::Full)));
    assert_eq!(room.waiters(), 0, "it is out of the line before it is dropped");
    time.turn(100 * MS);
    assert!(poll(inside.as_mut()).is_pending(), "it has had its permit in time");
    drop(inside);
    assert_eq!(room.available_permits(), 1);
}

#[test]
fn a_permit_beats_the_end_of_the_wait() {
    let (time, room) = (Turned::new(), Semaphore::new(1));
    let held = room.try_acquire().unwrap();
    let one = op(async || Ok::<_, Failed>(1)).with_time(time.clone()).limit_within(&room, MS);
    let mut waiting = pin!(one.call0());
    assert!(poll(waiting.as_mut()).is_pending());
    drop(held);
    time.turn(MS);
    assert_eq!(ready(waiting), Ok(1));
    assert_eq!(room.available_permits(), 1);
    room.close();
    assert_eq!(ready(pin!(one.call0())), Err(CallError::Refused(Refused::Closed)));
}

/// What need not wait, or is not to, makes no sleep.
#[test]
fn a_wait_of_nothing_is_refused_at_once() {
    let room = Semaphore::new(1);
    let now = || limit_within(&room, std::time::Duration::ZERO, async { Ok::<_, Refused>(1) });
    assert_eq!(ready(pin!(now())), Ok(1));
    let held = room.try_acquire().unwrap();
    assert_eq!(ready(pin!(now())), Err(Refused::Full));
    drop(held);
    assert_eq!(ready(pin!(now())), Ok(1));
}
