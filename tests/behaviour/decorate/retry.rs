//! Calling again.

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use proptest::prelude::*;
use selvedge::context::decorate::{
    Attempt, Backoff, Budget, Jitter, Retry, Verdict, op, retry, retry_on,
};

use super::{MS, Turned};
use crate::harness::{Watched, poll, ready};

/// Fails until the `n`-th call.
fn flaky(n: u32) -> impl AsyncFn() -> Result<u32, &'static str> {
    let calls = Cell::new(0);
    async move || {
        calls.set(calls.get() + 1);
        if calls.get() < n { Err("not yet") } else { Ok(calls.get()) }
    }
}

#[test]
fn calls_again_after_each_delay() {
    let time = Turned::new();
    let policy = Retry::new(Backoff::exponential(MS).attempts(4));
    let steady = op(flaky(3)).with_time(time.clone()).retry(policy);
    let watched = Watched::new();
    let mut call = pin!(steady.call0());
    assert!(watched.poll(call.as_mut()).is_pending());
    time.turn(MS);
    assert_eq!(watched.woken(), 1);
    assert!(watched.poll(call.as_mut()).is_pending());
    time.turn(MS);
    assert_eq!(watched.woken(), 1, "the second delay is twice as long");
    time.turn(MS);
    assert_eq!(poll(call.as_mut()), Poll::Ready(Ok(3)));
}

#[test]
fn gives_up_after_the_last_attempt() {
    let steady = op(flaky(9)).retry(Retry::new(Backoff::constant(Duration::ZERO).attempts(4)));
    assert_eq!(ready(pin!(steady.call0())), Err("not yet"));
    assert_eq!(ready(pin!(steady.call0())), Err("not yet"));
    assert_eq!(ready(pin!(steady.call0())), Ok(9), "four attempts a call");
}

/// The last attempt gets the arguments, the others a clone.
#[test]
fn the_last_attempt_clones_nothing() {
    struct Counted<'a>(&'a Cell<u32>);
    impl Clone for Counted<'_> {
        fn clone(&self) -> Self {
            self.0.set(self.0.get() + 1);
            Self(self.0)
        }
    }
    let clones = Cell::new(0);
    for attempts in 1..4 {
        clones.set(0);
        let policy = Retry::new(Backoff::constant(Duration::ZERO).attempts(attempts));
        let fails = op(async |_: Counted<'_>| Err::<(), ()>(())).retry(policy);
        assert_eq!(ready(pin!(fails.call(Counted(&clones)))), Err(()));
        assert_eq!(clones.get(), attempts - 1);
    }
}

#[test]
fn the_whole_output_decides() {
    let policy = Retry::new(Backoff::constant(MS).attempts(9)).when(
        |output: &Result<u32, &str>| match output {
            Ok(2) => Verdict::Again,
            Ok(_) => Verdict::Done,
            Err("busy") => Verdict::After(5 * MS),
            Err(_) => Verdict::Done,
        },
    );
    let time = Turned::new();
    let answers = RefCell::new(vec![Ok(3), Ok(2), Err("busy")]);
    let call = op(async || answers.borrow_mut().pop().unwrap());
    let call = call.with_time(time.clone()).retry(policy);
    let watched = Watched::new();
    let mut call = pin!(call.call0());
    assert!(watched.poll(call.as_mut()).is_pending());
    time.turn(4 * MS);
    assert_eq!(watched.woken(), 0, "the server said five");
    time.turn(MS);
    assert!(watched.poll(call.as_mut()).is_pending());
    time.turn(MS);
    assert_eq!(poll(call.as_mut()), Poll::Ready(Ok(3)));
    let hopeless = op(async || Err::<u32, _>("broken")).retry(policy);
    assert_eq!(ready(pin!(hopeless.call0())), Err("broken"));
}

#[test]
fn the_hook_is_told_of_each_retry() {
    let seen = RefCell::new(Vec::new());
    let hook = |attempt: Attempt, output: &Result<u32, &str>, delay: Duration| {
        seen.borrow_mut().push((attempt.number, output.is_err(), delay));
    };
    let policy = Retry::new(Backoff::constant(Duration::ZERO)).on_retry(hook);
    assert_eq!(ready(pin!(op(flaky(3)).retry(policy).call0())), Ok(3));
    assert_eq!(*seen.borrow(), [(1, true, Duration::ZERO), (2, true, Duration::ZERO)]);
}

/// A delay that would exceed the time there is ends the call at once.
#[test]
fn a_delay_that_would_exceed_the_time_is_not_slept() {
    let time = Turned::new();
    let policy = Retry::new(Backoff::exponential(2 * MS).attempts(9).total(5 * MS));
    let call = op(flaky(9)).with_time(time.clone()).retry(policy);
    let mut call = pin!(call.call0());
    assert!(poll(call.as_mut()).is_pending());
    time.turn(2 * MS);
    assert_eq!(poll(call.as_mut()), Poll::Ready(Err("not yet")), "2 + 4 is more than 5");
}

#[test]
fn a_cancelled_sleep_ends_at_once() {
    let time = Turned::new();
    let call = op(flaky(2)).with_time(time.clone()).retry(Retry::new(Backoff::constant(MS)));
    let watched = Watched::new();
    let mut waiting = Box::pin(call.call0());
    assert!(watched.poll(waiting.as_mut()).is_pending());
    drop(waiting);
    assert_eq!(ready(pin!(call.call0())), Ok(2), "no attempt was made behind its back");
}

#[test]
fn a_budget_limits_the_retries_of_all_calls() {
    let budget = Arc::new(Budget::new(50, 2));
    let policy = Retry::new(Backoff::constant(Duration::ZERO).attempts(9)).budget(budget.clone());
    let attempts = Cell::new(0);
    let fails = op(async || {
        attempts.set(attempts.get() + 1);
        Err::<(), ()>(())
    })
    .retry(policy);
    assert_eq!(ready(pin!(fails.call0())), Err(()));
    assert_eq!((attempts.get(), budget.left()), (3, 0), "two were saved up");
    assert_eq!(ready(pin!(fails.call0())), Err(()));
    assert_eq!(ready(pin!(fails.call0())), Err(()));
    assert_eq!(attempts.get(), 6, "two calls pay for one more");
}

#[test]
fn a_closure_can_be_retried_without_a_chain() {
    let calls = Cell::new(0);
    let attempt = || {
        calls.set(calls.get() + 1);
        std::future::ready(if calls.get() < 3 { Err(()) } else { Ok(calls.get()) })
    };
    let policy = Retry::new(Backoff::constant(Duration::ZERO));
    assert_eq!(ready(pin!(retry(policy, attempt))), Ok(3));
    calls.set(0);
    assert_eq!(ready(pin!(retry_on(Turned::new(), &policy, attempt))), Ok(3));
}

#[test]
fn series_follow_each_other() {
    const SLOW: Backoff = Backoff::constant(Duration::from_millis(9)).attempts(3);
    let delays = |backoff: Backoff| backoff.delays().map(|d| d.as_millis()).collect::<Vec<_>>();
    assert_eq!(delays(Backoff::linear(MS).attempts(4).then(&SLOW)), [1, 2, 3, 9, 9]);
    assert_eq!(delays(Backoff::fibonacci(MS).attempts(7)), [1, 1, 2, 3, 5, 8]);
    assert_eq!(delays(Backoff::exponential(MS).factor(10).attempts(4)), [1, 10, 100]);
    let huge = Backoff::exponential(Duration::MAX).attempts(u32::MAX);
    assert_eq!(huge.delay(u32::MAX, Duration::ZERO, 0.5), Some(Duration::MAX));
    assert!(crate::harness::panics(|| _ = Backoff::constant(MS).attempts(0)));
    assert!(crate::harness::panics(|| _ = Backoff::constant(MS).factor(2)));
}

proptest! {
    /// Jitter keeps to its bounds, and to the longest delay.
    #[test]
    fn jitter_keeps_to_its_bounds(
        base in 1_u64..1000,
        most in 1_u64..5000,
        next in 2_u32..40,
        previous in 0_u64..5000,
        chance in 0.0_f64..=1.0,
    ) {
        let ms = Duration::from_millis;
        let plain = Backoff::exponential(ms(base)).max_delay(ms(most)).attempts(99);
        let delay = plain.delay(next, ms(previous), chance).unwrap();
        prop_assert_eq!(delay, ms(base).saturating_mul(2_u32.saturating_pow(next - 2)).min(ms(most)));
        let of = |jitter| plain.jitter(jitter).delay(next, ms(previous), chance).unwrap();
        prop_assert!(of(Jitter::Full) <= delay);
        prop_assert!((delay / 2..=delay).contains(&of(Jitter::Equal)));
        let (least, highest) = (ms(base), ms(previous).max(ms(base)) * 3);
        let spread = of(Jitter::Decorrelated);
        prop_assert!(spread <= ms(most) && spread <= highest + MS);
        prop_assert!(spread >= least.min(ms(most)));
    }
}
