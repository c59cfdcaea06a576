//! Asking once more where an answer is late.
//!
//! A call that hedges holds its attempts side by side, and polls all of them whenever it is woken: there
//! are few. Nothing is spawned, and nothing is shared but the budget and what is known of the latency.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use selvedge_sync::raw::shim::mutant;

pub use self::latency::Latency;
use super::{
    Ambient, Call, Decide, IfErr, NoBudget, SendCall, Spends, Time, Verdict, decorate, opaque,
    retry::{Alike, Last, Make},
};
use crate::raw::seats::Seats;

mod latency;

/// When a call is asked for again: after a [`Duration`], or at a percentile of a [`Latency`].
pub trait Lateness {
    /// After how long an attempt is late; `None` if that is not known.
    fn late(&self) -> Option<Duration>;

    /// Whether it wants to know how long attempts take.
    fn watches(&self) -> bool {
        false
    }

    /// How long the first attempt of a call took, at least.
    fn note(&self, _took: Duration) {}
}

impl Lateness for Duration {
    #[inline]
    fn late(&self) -> Option<Duration> {
        Some(*self)
    }
}

/// What tells calls that may be made twice from others, for a [`Hedge`]: [`EveryCall`], or any
/// `Fn(&Args) -> bool`.
pub trait Eligible<Args> {
    /// Whether the call with `args` may be made twice.
    fn eligible(&self, args: &Args) -> bool;
}

/// Every call may be made twice: so says a [`Hedge`] that was told nothing else.
#[derive(Clone, Copy, Debug, Default)]
pub struct EveryCall;

impl<Args> Eligible<Args> for EveryCall {
    #[inline]
    fn eligible(&self, _: &Args) -> bool {
        true
    }
}

impl<Args, F: Fn(&Args) -> bool> Eligible<Args> for F {
    #[inline]
    fn eligible(&self, args: &Args) -> bool {
        self(args)
    }
}

/// A policy: when an attempt is late, how many there are at most, what wins, a budget, and which calls
/// may be made twice.
///
/// Every attempt is the same call, so let only calls that can be repeated be hedged. The first answer
/// wins, and the other attempts are dropped before it is seen. An error is the answer only where no
/// other attempt runs; hedging is for what is late, and [`retry`](super::Op::retry) for what fails.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Budget, CallError, Hedge, Latency, op};
///
/// /// The slowest twentieth is asked for again, and at most a tenth of all calls.
/// static LATENCY: Latency = Latency::new(95);
/// static BUDGET: Budget = Budget::new(10, 10);
///
/// async fn read(name: &str) -> Result<usize, CallError<std::io::Error>> {
///     Ok(name.len())
/// }
///
/// let policy = Hedge::after(&LATENCY).budget(&BUDGET).when(|&(name,): &(&str,)| name != "pay");
/// let read = op(read).hedge(policy);
/// # pollster::block_on(async {
/// assert_eq!(read.call("weft").await.unwrap(), 4);
/// # });
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a policy does nothing by itself"]
pub struct Hedge<L, const N: usize = 2, D = IfErr, B = NoBudget, G = EveryCall> {
    lateness: L,
    decide: D,
    budget: B,
    eligible: G,
}

impl<L: Lateness> Hedge<L> {
    /// Makes a second attempt when the first is late.
    pub const fn after(lateness: L) -> Self {
        Self { lateness, decide: IfErr, budget: NoBudget, eligible: EveryCall }
    }
}

impl<L, const N: usize, D, B, G> Hedge<L, N, D, B, G> {
    /// So many attempts at most, the first included; each next one when the one before is late.
    ///
    /// A call holds the futures of all of them. That there is a first one is seen when it is built:
    ///
    /// ```compile_fail,E0080
    /// # use std::{future::ready, time::Duration};
    /// use selvedge_context::decorate::{Hedge, hedge};
    ///
    /// let policy = Hedge::after(Duration::from_secs(1)).attempts::<0>();
    /// let _ = hedge(policy, || ready(Ok::<_, ()>(())));
    /// ```
    pub fn attempts<const M: usize>(self) -> Hedge<L, M, D, B, G> {
        const { assert!(M > 0, "there is no call without a first attempt") }
        let Self { lateness, decide, budget, eligible } = self;
        Hedge { lateness, decide, budget, eligible }
    }

    /// Which outputs win: those that are [done](Verdict::Done).
    pub fn wins<E>(self, decide: E) -> Hedge<L, N, E, B, G> {
        let Self { lateness, budget, eligible, .. } = self;
        Hedge { lateness, decide, budget, eligible }
    }

    /// Pays for each further attempt out of `budget`: a `&'static Budget` or an `Arc`.
    pub fn budget<S: Spends>(self, budget: S) -> Hedge<L, N, D, S, G> {
        let Self { lateness, decide, eligible, .. } = self;
        Hedge { lateness, decide, budget, eligible }
    }

    /// Hedges only calls whose arguments, a tuple, are `eligible`: those that may be made twice.
    pub fn when<E>(self, eligible: E) -> Hedge<L, N, D, B, E> {
        let Self { lateness, decide, budget, .. } = self;
        Hedge { lateness, decide, budget, eligible }
    }
}

/// What a call of up to `N` attempts asks its policy: [`Hedge`], or a reference to one.
pub trait HedgePolicy<O, const N: usize> {
    /// After how long an attempt is late; `None` if there is to be no other.
    fn late(&self) -> Option<Duration>;
    /// Whether it wants to know how long attempts take.
    fn watches(&self) -> bool;
    /// How long the first attempt took, at least.
    fn note(&self, took: Duration);
    /// A call begins.
    fn begin(&self);
    /// Whether there may be another attempt, which is paid for then.
    fn pay(&self) -> bool;
    /// Whether an output wins.
    fn wins(&self, output: &O) -> bool;
}

impl<O, L: Lateness, D: Decide<O>, B: Spends, G, const N: usize> HedgePolicy<O, N>
    for Hedge<L, N, D, B, G>
{
    #[inline]
    fn late(&self) -> Option<Duration> {
        self.lateness.late()
    }

    #[inline]
    fn watches(&self) -> bool {
        self.lateness.watches()
    }

    fn note(&self, took: Duration) {
        self.lateness.note(took);
    }

    #[inline]
    fn begin(&self) {
        if let Some(budget) = self.budget.budget() {
            budget.deposit();
        }
    }

    fn pay(&self) -> bool {
        self.budget.budget().is_none_or(super::Budget::withdraw)
    }

    fn wins(&self, output: &O) -> bool {
        self.decide.decide(output) == Verdict::Done
    }
}

impl<O, P: HedgePolicy<O, N>, const N: usize> HedgePolicy<O, N> for &P {
    #[inline]
    fn late(&self) -> Option<Duration> {
        (**self).late()
    }

    #[inline]
    fn watches(&self) -> bool {
        (**self).watches()
    }

    fn note(&self, took: Duration) {
        (**self).note(took);
    }

    #[inline]
    fn begin(&self) {
        (**self).begin();
    }

    fn pay(&self) -> bool {
        (**self).pay()
    }

    fn wins(&self, output: &O) -> bool {
        (**self).wins(output)
    }
}

/// See [`Op::hedge`](super::Op::hedge).
#[derive(Clone, Copy)]
pub struct Hedged<C, P, T> {
    pub(super) inner: C,
    pub(super) policy: P,
    pub(super) time: T,
}

decorate! {
    [L, D, B, G, T, const N: usize] Hedged<C, Hedge<L, N, D, B, G>, T>;
    call: [
        C: Call<Args>,
        L: Lateness,
        D: Decide<C::Output>,
        B: Spends,
        G: Eligible<Args>,
        T: Time,
        Args: Clone,
    ];
    send_call: [
        C: SendCall<Args>,
        L: Lateness + Send + Sync,
        D: Decide<C::Output> + Send + Sync,
        B: Spends + Send + Sync,
        G: Eligible<Args> + Send + Sync,
        T: Time<Sleep: Send> + Send + Sync,
        Args: Clone + Send,
    ];
    |me, args, inner| -> C::Output {
        let (policy, time) = (&me.policy, me.time.clone());
        let most = if policy.eligible.eligible(&args) { N } else { 1 };
        let mut args = Some(args);
        let make = Last(move |last| {
            let args = if last { args.take() } else { args.clone() };
            inner(args.expect("the last attempt comes once"))
        });
        Hedging::<_, _, Seats<_, N>, _>::new(policy, time, make, most)
    }
}

/// Calls `make`, and once more for each attempt that is late, as `policy` says; the first answer wins.
///
/// # Cancel safety
///
/// Dropping the future drops all attempts.
///
/// # Panics
///
/// The future panics if polled after completion. A panic of an attempt goes on.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Hedge, hedge};
///
/// // The first mirror never answers; after 1 ms the second is asked as well.
/// let mut mirrors = [false, true].into_iter();
/// let ask = || {
///     let answers = mirrors.next().expect("two attempts at most");
///     async move { if answers { Ok("a page") } else { std::future::pending().await } }
/// };
/// let policy = Hedge::after(Duration::from_millis(1));
/// assert_eq!(pollster::block_on(hedge(policy, ask)), Ok::<_, ()>("a page"));
/// ```
pub fn hedge<P, M, F, const N: usize>(
    policy: P,
    make: M,
) -> Hedging<P, Alike<M>, Seats<F, N>, Ambient>
where
    P: HedgePolicy<F::Output, N>,
    M: FnMut() -> F,
    F: Future,
{
    hedge_on(Ambient, policy, make)
}

/// As [`hedge`], with the time of `time`.
///
/// # Cancel safety
///
/// As for [`hedge`].
pub fn hedge_on<T, P, M, F, const N: usize>(
    time: T,
    policy: P,
    make: M,
) -> Hedging<P, Alike<M>, Seats<F, N>, T>
where
    T: Time,
    P: HedgePolicy<F::Output, N>,
    M: FnMut() -> F,
    F: Future,
{
    Hedging::new(policy, time, Alike(make), N)
}

pin_project! {
    /// The future of [`hedge`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Hedging<P, M, A, T: Time> {
        // Go first: what they are made of outlives them.
        #[pin]
        attempts: A,
        policy: P,
        make: M,
        time: T,
        begun: usize,
        running: usize,
        // How many attempts there may be.
        most: usize,
        // In ticks.
        start: Option<u64>,
        #[pin]
        sleep: Option<T::Sleep>,
    }
}

/// A number of attempts that there is not: the call has ended.
const OVER: usize = usize::MAX;

impl<P, M, F, T: Time, const N: usize> Hedging<P, M, Seats<F, N>, T> {
    fn new(policy: P, time: T, make: M, most: usize) -> Self {
        let (attempts, start, sleep) = (Seats::new(), None, None);
        Self { attempts, policy, make, time, begun: 0, running: 0, most, start, sleep }
    }
}

impl<P, M, F, T, const N: usize> Future for Hedging<P, M, Seats<F, N>, T>
where
    P: HedgePolicy<F::Output, N>,
    M: Make<F>,
    F: Future,
    T: Time,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        match *this.begun {
            0 => {
                this.policy.begin();
                this.attempts.as_mut().seat(0).set(Some(this.make.make(*this.most == 1)));
                (*this.begun, *this.running) = (1, 1);
            }
            OVER => panic!("a future was polled after completion"),
            _ => {}
        }
        let mut from = 0;
        loop {
            for at in from..*this.begun {
                let mut seat = this.attempts.as_mut().seat(at);
                let Some(attempt) = seat.as_mut().as_pin_mut() else { continue };
                let Poll::Ready(output) = attempt.poll(cx) else { continue };
                seat.set(None);
                *this.running -= 1;
                let wins = this.policy.wins(&output);
                if !wins && *this.running > 0 {
                    continue;
                }
                // How long the first took, or has been running by now. What failed took no time at all.
                let first = at == 0 || this.attempts.as_mut().seat(0).is_some();
                if wins && first && this.policy.watches() {
                    let took =
                        this.start.map_or(0, |start| this.time.ticks().saturating_sub(start));
                    this.policy.note(Duration::from_nanos(took));
                }
                *this.begun = OVER;
                this.sleep.set(None);
                if !mutant!("who is late outlives the answer") {
                    this.attempts.clear();
                }
                return Poll::Ready(output);
            }
            if this.start.is_none() && this.policy.watches() {
                *this.start = Some(this.time.ticks());
            }
            if *this.begun >= *this.most {
                return Poll::Pending;
            }
            if this.sleep.is_none() {
                let Some(late) = this.policy.late() else {
                    *this.most = *this.begun;
                    return Poll::Pending;
                };
                this.sleep.set(Some(this.time.sleep(late)));
            }
            if this.sleep.as_mut().as_pin_mut().is_some_and(|sleep| sleep.poll(cx).is_pending()) {
                return Poll::Pending;
            }
            this.sleep.set(None);
            if !this.policy.pay() {
                *this.most = *this.begun;
                return Poll::Pending;
            }
            from = *this.begun;
            let attempt = this.make.make(from + 1 == *this.most);
            this.attempts.as_mut().seat(from).set(Some(attempt));
            *this.begun += 1;
            *this.running += 1;
        }
    }
}

impl<P, M, A, T: Time> fmt::Debug for Hedging<P, M, A, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hedging").field("running", &self.running).finish_non_exhaustive()
    }
}

opaque! { Hedged<C, P, T> }
