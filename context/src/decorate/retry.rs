//! Calling again.

use core::time::Duration;

use self::{
    backoff::Backoff,
    budget::{NoBudget, Spends},
};
use super::{Call, SendCall, Time, decorate, opaque};

pub(super) mod backoff;
pub(super) mod budget;
mod retrying;

pub(super) use self::retrying::Last;
#[cfg(feature = "hedge")]
pub(super) use self::retrying::Make;
pub use self::retrying::{Alike, Retrying, retry, retry_on};

/// See [`Op::retry`](super::Op::retry).
#[derive(Clone, Copy)]
pub struct Retried<C, P, T> {
    pub(super) inner: C,
    pub(super) policy: P,
    pub(super) time: T,
}

/// An attempt that has ended, as a [`RetryPolicy`] sees it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    /// Which, from 1.
    pub number: u32,
    /// The delay before it.
    pub delay: Duration,
    /// How long ago the first began; nothing if the policy [does not ask](RetryPolicy::asks_time).
    pub elapsed: Duration,
}

/// Whether to call again: [`Retry`], or one of your own.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Attempt, RetryPolicy, retry};
///
/// /// What the queue has said: wait for so long, and ask again.
/// struct AsTold;
///
/// impl RetryPolicy<Result<u32, Duration>> for AsTold {
///     fn max_attempts(&self) -> u32 {
///         3
///     }
///
///     fn next(&self, attempt: Attempt, told: &Result<u32, Duration>) -> Option<Duration> {
///         told.err().filter(|_| attempt.number < self.max_attempts())
///     }
/// }
///
/// let mut busy = [Err(Duration::from_millis(1)), Ok(7)].into_iter();
/// let asked = retry(AsTold, || std::future::ready(busy.next().unwrap()));
/// assert_eq!(pollster::block_on(asked), Ok(7));
/// ```
pub trait RetryPolicy<O> {
    /// How many attempts there are at most: the last one gets the arguments themselves, the others a
    /// clone.
    fn max_attempts(&self) -> u32;

    /// Whether [`Attempt::elapsed`] matters, for which the clock has to be read.
    fn asks_time(&self) -> bool {
        false
    }

    /// A call begins.
    fn begin(&self) {}

    /// An attempt has ended with `output`: how long to wait before the next; `None` if that is it.
    fn next(&self, attempt: Attempt, output: &O) -> Option<Duration>;
}

impl<O, P: RetryPolicy<O> + ?Sized> RetryPolicy<O> for &P {
    fn max_attempts(&self) -> u32 {
        (**self).max_attempts()
    }

    fn asks_time(&self) -> bool {
        (**self).asks_time()
    }

    fn begin(&self) {
        (**self).begin();
    }

    fn next(&self, attempt: Attempt, output: &O) -> Option<Duration> {
        (**self).next(attempt, output)
    }
}

/// What an output means for a retry.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Backoff, Retry, Verdict, retry};
///
/// enum Reply {
///     Page(&'static str),
///     Busy(Duration),
///     Gone,
/// }
///
/// let policy = Retry::new(Backoff::constant(Duration::ZERO).attempts(3)).when(|reply: &Reply| {
///     match reply {
///         Reply::Busy(time) => Verdict::After(*time),
///         // Asking again would not bring it back.
///         Reply::Page(_) | Reply::Gone => Verdict::Done,
///     }
/// });
/// let mut replies = [Reply::Busy(Duration::from_millis(1)), Reply::Page("weft"), Reply::Gone].into_iter();
/// let got = pollster::block_on(retry(policy, || std::future::ready(replies.next().unwrap())));
/// assert!(matches!(got, Reply::Page("weft")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It will do, or trying again would not help.
    Done,
    /// Try again, after the policy's delay.
    Again,
    /// Try again, but not earlier than after this: as a server says in `Retry-After`.
    After(Duration),
}

/// What tells a good output from a bad one: [`IfErr`], or any `Fn(&Output) ->` [`Verdict`].
pub trait Decide<O> {
    /// What `output` means.
    fn decide(&self, output: &O) -> Verdict;
}

/// Every error is worth another attempt: so says a [`Retry`] that was told nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct IfErr;

impl<R, E> Decide<Result<R, E>> for IfErr {
    #[inline]
    fn decide(&self, output: &Result<R, E>) -> Verdict {
        if output.is_ok() { Verdict::Done } else { Verdict::Again }
    }
}

impl<O, F: Fn(&O) -> Verdict> Decide<O> for F {
    #[inline]
    fn decide(&self, output: &O) -> Verdict {
        self(output)
    }
}

/// Who is told of each retry of a [`Retry`]: nobody, or any `Fn(Attempt, &Output, Duration)`.
pub trait OnRetry<O> {
    /// `attempt` ended with `output`, and the next begins after `delay`.
    fn tell(&self, attempt: Attempt, output: &O, delay: Duration);
}

/// Nobody is told, of a [`Retry`] that has no hook.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHook;

impl<O> OnRetry<O> for NoHook {
    #[inline]
    fn tell(&self, _: Attempt, _: &O, _: Duration) {}
}

impl<O, F: Fn(Attempt, &O, Duration)> OnRetry<O> for F {
    fn tell(&self, attempt: Attempt, output: &O, delay: Duration) {
        self(attempt, output, delay);
    }
}

/// A policy: a [`Backoff`], what is worth a retry, a budget, and who is told.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Attempt, Backoff, Budget, Retry, op};
///
/// /// For each ten calls one retry, and ten in reserve: so a server that is down is not run over.
/// static BUDGET: Budget = Budget::new(10, 10);
///
/// let policy = Retry::new(Backoff::exponential(Duration::from_millis(1)).attempts(3))
///     .budget(&BUDGET)
///     .on_retry(|attempt: Attempt, _: &Result<u32, &str>, delay| {
///         println!("attempt {} failed, the next in {delay:?}", attempt.number);
///     });
/// let fetch = op(async |page: u32| if page < 100 { Ok(page) } else { Err("no such page") });
/// let fetch = fetch.retry(policy);
/// assert_eq!(pollster::block_on(fetch.call(7)), Ok(7));
/// assert_eq!(pollster::block_on(fetch.call(700)), Err("no such page"));
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a policy does nothing by itself"]
pub struct Retry<D = IfErr, B = NoBudget, H = NoHook> {
    backoff: Backoff,
    decide: D,
    budget: B,
    hook: H,
}

impl Retry {
    /// Tries again after every error.
    pub const fn new(backoff: Backoff) -> Self {
        Self { backoff, decide: IfErr, budget: NoBudget, hook: NoHook }
    }
}

impl<D, B, H> Retry<D, B, H> {
    /// Tries again where `decide` says so; it sees the whole output.
    pub fn when<E>(self, decide: E) -> Retry<E, B, H> {
        let Self { backoff, budget, hook, .. } = self;
        Retry { backoff, decide, budget, hook }
    }

    /// Pays for each retry out of `budget`: a `&'static Budget` or an `Arc`.
    pub fn budget<S: Spends>(self, budget: S) -> Retry<D, S, H> {
        let Self { backoff, decide, hook, .. } = self;
        Retry { backoff, decide, budget, hook }
    }

    /// Tells `hook` before each retry.
    pub fn on_retry<I>(self, hook: I) -> Retry<D, B, I> {
        let Self { backoff, decide, budget, .. } = self;
        Retry { backoff, decide, budget, hook }
    }
}

impl<O, D: Decide<O>, B: Spends, H: OnRetry<O>> RetryPolicy<O> for Retry<D, B, H> {
    #[inline]
    fn max_attempts(&self) -> u32 {
        self.backoff.max_attempts()
    }

    #[inline]
    fn asks_time(&self) -> bool {
        self.backoff.max_total().is_some()
    }

    #[inline]
    fn begin(&self) {
        if let Some(budget) = self.budget.budget() {
            budget.deposit();
        }
    }

    #[inline]
    fn next(&self, attempt: Attempt, output: &O) -> Option<Duration> {
        let least = match self.decide.decide(output) {
            Verdict::Done => return None,
            Verdict::Again => Duration::ZERO,
            Verdict::After(least) => least,
        };
        let Attempt { number, delay, elapsed } = attempt;
        let next = self.delay(number, delay, elapsed, least);
        next.inspect(|next| self.hook.tell(attempt, output, *next))
    }
}

impl<D, B: Spends, H> Retry<D, B, H> {
    /// The delay after an attempt that failed; `None` if there is no more time, no more attempts, or
    /// nothing left to pay with.
    ///
    /// Its arguments are one by one, so that a call that does not fail need not write them down.
    #[cold]
    fn delay(
        &self,
        number: u32,
        before: Duration,
        elapsed: Duration,
        least: Duration,
    ) -> Option<Duration> {
        let next = number.checked_add(1)?;
        let delay = self.backoff.delay(next, before, fastrand::f64())?.max(least);
        let end = elapsed.saturating_add(delay);
        let in_time = self.backoff.max_total().is_none_or(|total| end <= total);
        let paid = in_time && self.budget.budget().is_none_or(budget::Budget::withdraw);
        paid.then_some(delay)
    }
}

decorate! {
    [P, T] Retried<C, P, T>;
    call: [C: Call<Args>, P: RetryPolicy<C::Output>, T: Time, Args: Clone];
    send_call: [
        C: SendCall<Args>,
        P: RetryPolicy<C::Output> + Send + Sync,
        T: Time<Sleep: Send> + Send + Sync,
        Args: Clone + Send,
    ];
    |me, args, inner| -> C::Output {
        let (policy, time) = (&me.policy, me.time.clone());
        let mut args = Some(args);
        let make = Last(move |last| {
            let args = if last { args.take() } else { args.clone() };
            inner(args.expect("the last attempt comes once"))
        });
        Retrying::new(policy, time, make)
    }
}

opaque! { Retried<C, P, T> }
