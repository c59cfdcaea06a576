//! The run: an attempt, a pause, and another.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use std::time::Instant;

use pin_project_lite::pin_project;

use super::{
    super::{Ambient, Time, opaque},
    Attempt, RetryPolicy,
};
use crate::raw::seldom::Seldom;

/// Calls `make` again, as `policy` says, until the output will do or the policy has had enough. The
/// first future is made at once, and polled with the one that is returned.
///
/// # Cancel safety
///
/// Dropping the future drops the attempt, or the sleep between two, at once.
///
/// # Panics
///
/// The future panics if polled after completion.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Backoff, Retry, retry};
///
/// let policy = Retry::new(Backoff::constant(Duration::from_millis(1)).attempts(5));
/// let mut calls = 0;
/// let flaky = || {
///     calls += 1;
///     std::future::ready(if calls < 3 { Err("no route") } else { Ok(calls) })
/// };
/// assert_eq!(pollster::block_on(retry(policy, flaky)), Ok(3));
/// ```
pub fn retry<P, M, F>(policy: P, make: M) -> Retrying<P, Alike<M>, F, Ambient>
where
    P: RetryPolicy<F::Output>,
    M: FnMut() -> F,
    F: Future,
{
    retry_on(Ambient, policy, make)
}

/// As [`retry`], with the time of `time`.
///
/// # Cancel safety
///
/// As for [`retry`].
///
/// # Examples
///
/// ```
/// use std::{cell::Cell, time::Duration};
///
/// use selvedge_context::decorate::{Backoff, On, Retry, retry_on};
/// use selvedge_timer::VirtualClock;
///
/// let (clock, calls) = (VirtualClock::new(), Cell::new(0));
/// let daily = Retry::new(Backoff::constant(Duration::from_secs(24 * 60 * 60)).attempts(3));
/// let backup = retry_on(On(clock.clone()), daily, || async {
///     calls.set(calls.get() + 1);
///     if calls.get() < 3 { Err("the disk is full") } else { Ok("saved") }
/// });
/// // Two days, at once.
/// assert_eq!(pollster::block_on(clock.auto_advance(backup)), Ok("saved"));
/// ```
pub fn retry_on<T, P, M, F>(time: T, policy: P, make: M) -> Retrying<P, Alike<M>, F, T>
where
    T: Time,
    P: RetryPolicy<F::Output>,
    M: FnMut() -> F,
    F: Future,
{
    Retrying::new(policy, time, Alike(make))
}

/// What makes the attempts of a [`retry`].
pub trait Make<F> {
    /// Makes one; the last if it is that.
    fn make(&mut self, last: bool) -> F;
}

/// Makes each attempt of a [`retry`] alike.
pub struct Alike<M>(pub(in crate::decorate) M);

impl<F, M: FnMut() -> F> Make<F> for Alike<M> {
    #[inline]
    fn make(&mut self, _: bool) -> F {
        (self.0)()
    }
}

/// Makes the last attempt of what the others got a clone of.
pub(in crate::decorate) struct Last<M>(pub(in crate::decorate) M);

impl<F, M: FnMut(bool) -> F> Make<F> for Last<M> {
    #[inline]
    fn make(&mut self, last: bool) -> F {
        (self.0)(last)
    }
}

pin_project! {
    /// The future of [`retry`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Retrying<P, M, F, T: Time> {
        policy: P,
        make: M,
        time: T,
        number: u32,
        delay: Duration,
        start: Option<Instant>,
        #[pin]
        step: Step<F, Seldom<T::Sleep>>,
    }
}

pin_project! {
    #[project = StepProj]
    enum Step<F, S> {
        Call { #[pin] call: F },
        Sleep { #[pin] sleep: S },
    }
}

/// The number of an attempt that there is not: the last one has ended.
const OVER: u32 = u32::MAX;

impl<P, M: Make<F>, F: Future, T: Time> Retrying<P, M, F, T>
where
    P: RetryPolicy<F::Output>,
{
    #[inline]
    pub(super) fn new(policy: P, time: T, mut make: M) -> Self {
        let call = make.make(policy.max_attempts() == 1);
        let step = Step::Call { call };
        Self { policy, make, time, number: 0, delay: Duration::ZERO, start: None, step }
    }
}

impl<P, M, F, T> Future for Retrying<P, M, F, T>
where
    P: RetryPolicy<F::Output>,
    M: Make<F>,
    F: Future,
    T: Time,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        match *this.number {
            0 => {
                *this.number = 1;
                this.policy.begin();
                if this.policy.asks_time() {
                    *this.start = Some(this.time.now());
                }
            }
            OVER => panic!("a future was polled after completion"),
            _ => {}
        }
        loop {
            match this.step.as_mut().project() {
                StepProj::Call { call } => {
                    let Poll::Ready(output) = call.poll(cx) else { return Poll::Pending };
                    let elapsed = match this.start {
                        None => Duration::ZERO,
                        Some(start) => this.time.now().saturating_duration_since(*start),
                    };
                    let attempt = Attempt { number: *this.number, delay: *this.delay, elapsed };
                    let Some(delay) = this.policy.next(attempt, &output) else {
                        *this.number = OVER;
                        return Poll::Ready(output);
                    };
                    drop(output);
                    *this.delay = delay;
                    if !delay.is_zero() {
                        this.step.set(Step::Sleep { sleep: Seldom::new(this.time.sleep(delay)) });
                        continue;
                    }
                }
                StepProj::Sleep { sleep } => {
                    if sleep.poll(cx).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
            *this.number += 1;
            let call = this.make.make(*this.number == this.policy.max_attempts());
            this.step.set(Step::Call { call });
        }
    }
}

impl<P, M, F, T: Time> fmt::Debug for Retrying<P, M, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retrying").field("attempt", &self.number).finish_non_exhaustive()
    }
}

opaque! { Alike<M> Last<M> }
