//! Tokens and scopes with a deadline.

use std::{
    future::pending,
    pin::pin,
    sync::{Arc, Mutex},
    task::Waker,
    time::{Duration, Instant},
};

use selvedge::{
    context::{CancellationToken, Deadline, Reason},
    time::{Elapsed, Key, Timer, TimerError},
};

use super::cancelled;
use crate::harness::{Watched, panics, poll, ready};

/// A clock that is turned by hand.
struct ByHand {
    now: Mutex<Instant>,
    wakers: Mutex<Vec<Option<(Instant, Waker)>>>,
}

impl ByHand {
    fn new() -> Arc<Self> {
        Arc::new(Self { now: Mutex::new(Instant::now()), wakers: Mutex::default() })
    }

    fn after(&self, seconds: u64) -> Instant {
        self.now() + Duration::from_secs(seconds)
    }

    fn turn(&self, seconds: u64) {
        let now = self.after(seconds);
        *self.now.lock().unwrap() = now;
        let is_due = |slot: &mut Option<(Instant, Waker)>| {
            slot.take_if(|(at, _)| *at <= now).map(|(_, waker)| waker)
        };
        let due: Vec<_> = self.wakers.lock().unwrap().iter_mut().filter_map(is_due).collect();
        due.into_iter().for_each(Waker::wake);
    }

    fn pending(&self) -> usize {
        self.wakers.lock().unwrap().iter().flatten().count()
    }
}

impl Timer for ByHand {
    fn now(&self) -> Instant {
        *self.now.lock().unwrap()
    }

    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        let mut wakers = self.wakers.lock().unwrap();
        wakers.push(Some((at, waker.clone())));
        Ok(Key::new(wakers.len() as u64 - 1))
    }

    fn update(&self, key: &mut Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
        let slot = &mut self.wakers.lock().unwrap()[key.number() as usize];
        let before = slot.take().map(|(_, waker)| waker);
        *slot = waker.cloned().or(before).map(|waker| (at, waker));
        Ok(())
    }

    fn cancel(&self, key: Key) {
        drop(self.wakers.lock().unwrap()[key.number() as usize].take());
    }
}

#[test]
fn a_deadline_cancels_with_its_reason() {
    let (clock, root) = (ByHand::new(), CancellationToken::new());
    let token = root.with_deadline(clock.clone(), clock.after(2));
    let child = token.child_token();
    let watched = Watched::new();
    let mut waiting = pin!(child.cancelled());
    assert!(watched.poll(waiting.as_mut()).is_pending());
    clock.turn(1);
    assert_eq!(cancelled([&root, &token, &child]), [false; 3]);
    clock.turn(1);
    assert_eq!(cancelled([&root, &token, &child]), [false, true, true]);
    assert!(matches!(child.reason(), Some(Reason::Elapsed)));
    assert_eq!(watched.woken(), 1);
    // One that has passed already, and one below a token that is cancelled.
    assert!(root.with_deadline(clock.clone(), clock.now()).is_cancelled());
    assert!(token.with_deadline(clock.clone(), clock.after(9)).is_cancelled());
    assert_eq!(clock.pending(), 0);
}

#[test]
fn a_deadline_is_forgotten_with_its_token() {
    let (clock, root) = (ByHand::new(), CancellationToken::new());
    let [first, second] = [(); 2].map(|()| root.with_deadline(clock.clone(), clock.after(2)));
    assert_eq!(clock.pending(), 2);
    drop(first);
    assert_eq!(clock.pending(), 1);
    root.cancel();
    assert_eq!(clock.pending(), 0);
    assert!(matches!(second.reason(), Some(Reason::Cancelled)));
    clock.turn(5);
    assert!(matches!(second.reason(), Some(Reason::Cancelled)));
}

#[test]
fn the_default_timer_cancels_as_well() {
    let token = CancellationToken::new().child_until(Instant::now() + Duration::from_millis(2));
    pollster::block_on(token.cancelled());
    assert!(matches!(token.reason(), Some(Reason::Elapsed)));
}

/// The nearer deadline holds inside, and the scope that it belongs to reports it. Semantics 102.
#[test]
fn scopes_inherit_the_nearer_deadline() {
    let clock = ByHand::new();
    let _entered = clock.enter();
    let at = |seconds| Deadline::at(clock.after(seconds));
    let (near, far) = (at(1), at(2));
    assert_eq!(Deadline::current(), Deadline::NEVER);
    let seen = async { Deadline::current() };
    assert_eq!(ready(pin!(near.scope(far.scope(seen)))), Ok(Ok(near)));
    let seen = async { Deadline::current() };
    assert_eq!(ready(pin!(far.scope(near.scope(seen)))), Ok(Ok(near)));
    let seen = async { Deadline::current() };
    assert_eq!(ready(pin!(near.scope(Deadline::NEVER.scope(seen)))), Ok(Ok(near)));
    assert_eq!(Deadline::current(), Deadline::NEVER);

    for inner in [near, far, Deadline::NEVER] {
        let mut outer = pin!(near.scope(inner.scope(pending::<()>())));
        assert!(poll(outer.as_mut()).is_pending());
        assert_eq!(clock.pending(), 1, "the inner scope needs no timer of its own");
        clock.turn(1);
        assert_eq!(ready(outer), Err(Elapsed));
        clock.turn(0);
        *clock.now.lock().unwrap() = near.instant().unwrap() - Duration::from_secs(1);
    }
}

/// Semantics 103 and 99.
#[test]
fn an_inner_deadline_leaves_the_outer_scope_alone() {
    let clock = ByHand::new();
    let _entered = clock.enter();
    let (near, far) = (Deadline::at(clock.after(1)), Deadline::at(clock.after(2)));
    let mut outer = pin!(far.scope(async {
        assert_eq!(near.scope(pending::<()>()).await, Err(Elapsed));
        assert_eq!(Deadline::current(), far);
        assert_eq!(near.scope(async { 7 }).await, Ok(7), "ready at once");
        pending::<()>().await;
    }));
    assert!(poll(outer.as_mut()).is_pending());
    clock.turn(1);
    assert!(poll(outer.as_mut()).is_pending());
    assert_eq!(far.remaining(), Some(Duration::from_secs(1)));
    clock.turn(1);
    assert_eq!(ready(outer), Err(Elapsed));
}

#[test]
fn a_scope_that_panics_leaves_no_deadline_behind() {
    let mut scope = Box::pin(Deadline::at(Instant::now()).scope(async { panic!("on purpose") }));
    assert!(panics(|| ready(scope.as_mut()).unwrap()));
    assert_eq!(Deadline::current(), Deadline::NEVER);
    assert_eq!(Deadline::after(Duration::MAX), Deadline::NEVER);
    assert_eq!(Deadline::NEVER.remaining(), None);
}
