//! Decorators, on a clock that is turned by hand: nothing sleeps.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use selvedge::context::decorate::{CallError, Time};

mod breaker;
mod buffer;
mod cache;
mod catch_unwind;
mod chain;
mod debounce;
mod fallback;
mod hedge;
mod instrument;
mod limit;
mod rate_limit;
mod rate_limit_by;
mod retry;
mod single_flight;
mod sizes;
mod sweep;
mod throttle;
mod timed;
mod tracing;

pub(crate) fn sweep(report: crate::sweep::Report<'_>) {
    single_flight::sweep(report);
    sweep::sweep(report);
}

const MS: Duration = Duration::from_millis(1);

/// The error of the functions that are decorated here.
type Failed = CallError<&'static str>;

/// Time that is turned by hand; counts who looks.
#[derive(Clone)]
struct Turned(Arc<Mutex<State>>);

struct State {
    now: Instant,
    looks: usize,
    sleepers: Vec<(Instant, Waker)>,
}

impl Turned {
    fn new() -> Self {
        Self(Arc::new(Mutex::new(State { now: Instant::now(), looks: 0, sleepers: Vec::new() })))
    }

    /// Goes on by `duration`, and wakes whoever is due.
    fn turn(&self, duration: Duration) {
        let mut state = self.0.lock().unwrap();
        state.now += duration;
        let now = state.now;
        let (due, rest) = state.sleepers.drain(..).partition(|(at, _)| *at <= now);
        state.sleepers = rest;
        drop(state);
        let due: Vec<(Instant, Waker)> = due;
        due.into_iter().for_each(|(_, waker)| waker.wake());
    }

    /// How often somebody looked.
    fn looks(&self) -> usize {
        self.0.lock().unwrap().looks
    }
}

impl Time for Turned {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        let mut state = self.0.lock().unwrap();
        state.looks += 1;
        state.now
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let at = self.now() + duration;
        Sleep { time: self.clone(), at }
    }
}

/// The sleep of [`Turned`].
struct Sleep {
    time: Turned,
    at: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.time.0.lock().unwrap();
        if state.now >= self.at {
            return Poll::Ready(());
        }
        state.sleepers.push((self.at, cx.waker().clone()));
        Poll::Pending
    }
}
