//! What a chain can be wrapped in, one method each.

#[cfg(any(feature = "_edge", feature = "limit", feature = "rate_limit"))]
use core::ops::Deref;
#[cfg(any(feature = "limit", feature = "timed"))]
use core::time::Duration;

#[cfg(feature = "limit")]
use selvedge_sync::Semaphore;

use super::super::*;

impl<C, T> Op<C, T> {
    /// Gives each call at most `after`: then its future is dropped, and the call ends with
    /// [`Elapsed`]. A result that is there beats the deadline. The clock is read at the first
    /// `Pending`, so a call that is ready at once reads none.
    ///
    /// # Cancel safety
    ///
    /// Dropping the call drops what it wraps.
    #[cfg(feature = "timed")]
    pub fn timeout(self, after: Duration) -> Op<Timed<C, T>, T>
    where
        T: Clone,
    {
        self.with(|inner, time| Timed { inner, after, time: time.clone() })
    }

    /// Gives each call until the deadline that `at` makes of its arguments: then its future is dropped,
    /// and the call ends with [`Elapsed`]. Whoever has a clone of that [`Deadline`] can move it while
    /// the call runs: the caller, or the function.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use selvedge_context::decorate::op;
    /// use selvedge_timer::{Deadline, Elapsed, sleep};
    ///
    /// let copy = op(async |parts: u32, deadline: Deadline| {
    ///     for _ in 0..parts {
    ///         sleep(Duration::from_millis(1)).await;
    ///         // There is progress, so there is more time.
    ///         deadline.reschedule_after(Duration::from_secs(60));
    ///     }
    ///     Ok::<_, Elapsed>(parts)
    /// })
    /// .deadline(|(_, deadline): &(u32, Deadline)| deadline.clone());
    /// # pollster::block_on(async {
    /// assert_eq!(copy.call2(3, Deadline::after(Duration::from_secs(5))).await, Ok(3));
    /// assert_eq!(copy.call2(3, Deadline::after(Duration::ZERO)).await, Err(Elapsed));
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the call drops what it wraps.
    #[cfg(feature = "timed")]
    pub fn deadline<M>(self, at: M) -> Op<Dated<C, M>, T> {
        self.with(|inner, _| Dated { inner, at })
    }

    /// Lets as many calls run at a time as the semaphore has permits (a bulkhead); the others wait,
    /// first come, first served.
    ///
    /// # Cancel safety
    ///
    /// Dropping the call gives up its place in line, or its permit.
    #[cfg(feature = "limit")]
    pub fn limit<S: Deref<Target = Semaphore>>(self, semaphore: S) -> Op<Limit<C, S>, T> {
        self.with(|inner, _| Limit { inner, semaphore })
    }

    /// As [`limit`](Self::limit), and refuses a call for which there is no permit within `max_wait`.
    ///
    /// # Cancel safety
    ///
    /// As for [`limit`](Self::limit).
    #[cfg(feature = "limit")]
    pub fn limit_within<S: Deref<Target = Semaphore>>(
        self,
        semaphore: S,
        max_wait: Duration,
    ) -> Op<LimitWithin<C, S, T>, T>
    where
        T: Clone,
    {
        self.with(|inner, time| LimitWithin { inner, semaphore, max_wait, time: time.clone() })
    }

    /// As [`limit`](Self::limit), and refuses a call that would have to wait: load shedding.
    #[cfg(feature = "limit")]
    pub fn shed<S: Deref<Target = Semaphore>>(self, semaphore: S) -> Op<Shed<C, S>, T> {
        self.with(|inner, _| Shed { inner, semaphore })
    }

    /// Lets calls begin at the limiter's rate; the others wait for their slot, first come, first
    /// served.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped while it waits gives its slot back if nobody has taken a later one.
    #[cfg(feature = "rate_limit")]
    pub fn rate_limit<R: Deref<Target = RateLimit>>(self, limit: R) -> Op<Paced<C, R, T>, T>
    where
        T: Clone,
    {
        self.with(|inner, time| Paced { inner, limit, time: time.clone() })
    }

    /// As [`rate_limit`](Self::rate_limit), for each key apart; `key` makes it of the arguments, when
    /// the call is made.
    ///
    /// # Cancel safety
    ///
    /// As for [`rate_limit`](Self::rate_limit), key by key.
    #[cfg(feature = "rate_limit_by")]
    pub fn rate_limit_by<L, M, K, S>(self, limits: L, key: M) -> Op<PacedBy<C, L, M, T, K, S>, T>
    where
        L: Deref<Target = KeyedRateLimit<K, S>>,
        T: Clone,
    {
        let keys = core::marker::PhantomData;
        self.with(|inner, time| PacedBy { inner, limits, key, time: time.clone(), keys })
    }

    /// Refuses calls with [`Open`] while too many of the last ones failed, or were slow.
    ///
    /// Errors are failures; [`breaker_when`](Self::breaker_when) says otherwise.
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped, or panics, counts for nothing; a probe gives its place to another.
    #[cfg(feature = "breaker")]
    pub fn breaker<B: Breaks>(self, breaker: B) -> Op<Guarded<C, B, IfErr, T>, T>
    where
        T: Clone,
    {
        self.with(|inner, time| Guarded::new(inner, breaker, time.clone()))
    }

    /// As [`breaker`](Self::breaker), where `decide` tells a failure from a success: an error that is
    /// [done](Verdict::Done) with is ignored, and anything else that is not done is a failure.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_context::decorate::{Breaker, BreakerState, CallError, Verdict, op};
    ///
    /// static BREAKER: Breaker = Breaker::new(2);
    ///
    /// type Page = Result<&'static str, CallError<u16>>;
    ///
    /// let fetch = op(async |status: u16| match status {
    ///     200 => Ok("a page"),
    ///     other => Err(CallError::Inner(other)),
    /// });
    /// // That there is no such page says nothing against the server.
    /// let fetch = fetch.breaker_when(&BREAKER, |page: &Page| match page {
    ///     Ok(_) | Err(CallError::Inner(404)) => Verdict::Done,
    ///     Err(_) => Verdict::Again,
    /// });
    /// # pollster::block_on(async {
    /// for _ in 0..10 {
    ///     assert_eq!(fetch.call(404).await, Err(CallError::Inner(404)));
    /// }
    /// assert_eq!(BREAKER.state(), BreakerState::Closed);
    /// for _ in 0..2 {
    ///     assert_eq!(fetch.call(503).await, Err(CallError::Inner(503)));
    /// }
    /// assert_eq!(BREAKER.state(), BreakerState::Open);
    /// # });
    /// ```
    #[cfg(feature = "breaker")]
    pub fn breaker_when<B: Breaks, D>(self, breaker: B, decide: D) -> Op<Guarded<C, B, D, T>, T>
    where
        T: Clone,
    {
        self.with(|inner, time| Guarded { inner, breaker, decide, time: time.clone() })
    }

    /// Calls again, as `policy` says, until the output will do or the policy has had enough; then
    /// the last output is the call's.
    ///
    /// # Cancel safety
    ///
    /// Dropping the call drops the attempt, or the sleep between two, at once.
    #[cfg(feature = "retry")]
    pub fn retry<P>(self, policy: P) -> Op<Retried<C, P, T>, T>
    where
        T: Clone,
    {
        self.with(|inner, time| Retried { inner, policy, time: time.clone() })
    }

    /// Makes one call for all who ask for the same key at the same time, and shares what is inside
    /// of its `Ok`.
    ///
    /// An error is for whoever ran into it: the next in line takes over, as it does when the call is
    /// dropped or panics.
    ///
    /// ```
    /// use selvedge_context::decorate::{Flight, op};
    ///
    /// static FLIGHT: Flight<String, usize> = Flight::new();
    ///
    /// let fetch = op(async |url: &str| Ok::<_, std::io::Error>(url.len()))
    ///     .single_flight(&FLIGHT, |(url,): &(&str,)| (*url).to_owned());
    /// # pollster::block_on(async {
    /// assert_eq!(fetch.call("a page").await.unwrap(), 6);
    /// # });
    /// ```
    ///
    /// To keep answers as well, put caches around it: `.cache(…).single_flight(…).cache(…)`. The outer one
    /// hands out what is there, the inner one is for whoever comes to lead when another has just ended.
    ///
    /// # Cancel safety
    ///
    /// Dropping the call gives up its place in line, or hands the turn to call to the next.
    #[cfg(feature = "single_flight")]
    pub fn single_flight<H, F>(self, flight: H, key: F) -> Op<SingleFlight<C, H, F>, T> {
        let mode = core::marker::PhantomData;
        self.with(|inner, _| SingleFlight { inner, flight, key, mode })
    }

    /// As [`single_flight`](Self::single_flight), and shares the whole output: one failure is
    /// everybody's.
    ///
    /// The output has to be `Clone`. [`arc_errors`](Self::arc_errors) helps where an error is not.
    ///
    /// # Cancel safety
    ///
    /// As for [`single_flight`](Self::single_flight).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::cell::Cell;
    ///
    /// use futures_lite::future::yield_now;
    /// use selvedge_context::{decorate::{Flight, op}, join_all};
    ///
    /// static FLIGHT: Flight<u32, Result<&'static str, &'static str>> = Flight::new();
    ///
    /// let calls = Cell::new(0);
    /// let fetch = op(async |_page: u32| {
    ///     calls.set(calls.get() + 1);
    ///     yield_now().await;
    ///     Err("the server is down")
    /// })
    /// .single_flight_all(&FLIGHT, |&(page,): &(u32,)| page);
    /// # pollster::block_on(async {
    /// // With `single_flight` each of them would ask the server that is down, one after the other.
    /// let found = join_all([7, 7, 7].map(|page| fetch.call(page))).await;
    /// assert_eq!(found, [Err("the server is down"); 3]);
    /// assert_eq!(calls.get(), 1);
    /// # });
    /// ```
    #[cfg(feature = "single_flight")]
    pub fn single_flight_all<H, F>(self, flight: H, key: F) -> Op<SingleFlight<C, H, F, Whole>, T> {
        let mode = core::marker::PhantomData;
        self.with(|inner, _| SingleFlight { inner, flight, key, mode })
    }

    /// Puts errors into an `Arc`, so that they can be shared.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{io, sync::Arc};
    ///
    /// use futures_lite::future::yield_now;
    /// use selvedge_context::{decorate::{Flight, op}, join_all};
    ///
    /// // What is shared is cloned, and an `io::Error` is not: an `Arc` of it is.
    /// static FLIGHT: Flight<u32, Result<String, Arc<io::Error>>> = Flight::new();
    ///
    /// let fetch = op(async |_page: u32| {
    ///     yield_now().await;
    ///     Err(io::Error::other("no route"))
    /// })
    /// .arc_errors()
    /// .single_flight_all(&FLIGHT, |&(page,): &(u32,)| page);
    /// # pollster::block_on(async {
    /// let found = join_all([7, 7].map(|page| fetch.call(page))).await;
    /// let errors: Vec<_> = found.into_iter().map(Result::unwrap_err).collect();
    /// assert!(Arc::ptr_eq(&errors[0], &errors[1]));
    /// # });
    /// ```
    #[cfg(feature = "single_flight")]
    pub fn arc_errors(self) -> Op<ArcErrors<C>, T> {
        self.with(|inner, _| ArcErrors { inner })
    }

    /// Keeps what is inside of an `Ok`, by a key that is made of the arguments, and hands it out
    /// instead of calling.
    ///
    /// Together with [`single_flight`](Self::single_flight) no two calls are made at a time where a
    /// value is missing: see [`Cache`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the call keeps nothing.
    #[cfg(feature = "cache")]
    pub fn cache<H, F>(self, cache: H, key: F) -> Op<Cached<C, H, F, T>, T>
    where
        T: Clone,
    {
        let mode = core::marker::PhantomData;
        self.with(|inner, time| {
            let time = time.clone();
            Cached { inner, cache, key, decide: Always, time, mode }
        })
    }

    /// As [`cache`](Self::cache), for the whole output, where `decide` says whether it is kept, and
    /// for how long: errors, too.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use selvedge_context::decorate::{Cache, Keep, Negative, op};
    ///
    /// type Found = Result<u32, &'static str>;
    ///
    /// static FOUND: Cache<u32, Found> = Cache::new(100).ttl(Duration::from_secs(60));
    ///
    /// async fn find(n: u32) -> Found {
    ///     if n > 0 { Ok(n) } else { Err("there is no such thing") }
    /// }
    ///
    /// // Errors are kept for a second, whatever they are.
    /// let all = op(find).cache_when(&FOUND, |&(n,): &(u32,)| n, Negative(Duration::from_secs(1)));
    /// // Only some of them are.
    /// let some = op(find).cache_when(&FOUND, |&(n,): &(u32,)| n, |found: &Found| match found {
    ///     Ok(_) => Keep::Yes,
    ///     Err("there is no such thing") => Keep::For(Duration::from_secs(5)),
    ///     Err(_) => Keep::No,
    /// });
    /// # pollster::block_on(async {
    /// assert!(all.call(0).await.is_err());
    /// assert_eq!(FOUND.get(&0), Some(Err("there is no such thing")));
    /// assert_eq!(some.call(1).await, Ok(1));
    /// # });
    /// ```
    ///
    /// # Cancel safety
    ///
    /// As for [`cache`](Self::cache).
    #[cfg(feature = "cache")]
    pub fn cache_when<H, F, D>(
        self,
        cache: H,
        key: F,
        decide: D,
    ) -> Op<Cached<C, H, F, T, Whole, D>, T>
    where
        T: Clone,
    {
        let mode = core::marker::PhantomData;
        self.with(|inner, time| Cached { inner, cache, key, decide, time: time.clone(), mode })
    }

    /// Makes the same call once more where an answer is late, and takes the first; the others are
    /// dropped before it is seen.
    ///
    /// # Cancel safety
    ///
    /// Dropping the call drops all attempts.
    #[cfg(feature = "hedge")]
    pub fn hedge<P>(self, policy: P) -> Op<Hedged<C, P, T>, T>
    where
        T: Clone,
    {
        self.with(|inner, time| Hedged { inner, policy, time: time.clone() })
    }

    /// Asks `other`, with the error and the arguments, where the function fails.
    #[cfg(feature = "fallback")]
    pub fn fallback<G>(self, other: G) -> Op<Fallback<C, G>, T> {
        self.with(|inner, _| Fallback { inner, other })
    }

    /// Turns a panic into an error: the payload of the panic.
    #[cfg(feature = "catch_unwind")]
    pub fn catch_unwind(self) -> Op<Caught<C>, T> {
        self.with(|inner, _| Caught { inner })
    }

    /// Tells `hook` when a call starts, and how and after how long it ends: done, failed, panicked
    /// or cancelled.
    #[cfg(feature = "instrument")]
    pub fn instrument<H>(self, hook: H) -> Op<Instrument<C, H, T>, T>
    where
        T: Clone,
    {
        self.with(|inner, time| Instrument { inner, hook, time: time.clone() })
    }

    /// Runs each call in a span that `span` makes, with events for its start and for its end: done,
    /// failed, panicked or cancelled, and after how long.
    ///
    /// ```
    /// use selvedge_context::decorate::op;
    /// use tracing::info_span;
    ///
    /// let call = op(async |n: u32| Ok::<_, ()>(2 * n)).traced(|| info_span!("double"));
    /// assert_eq!(pollster::block_on(call.call(4)), Ok(8));
    /// ```
    #[cfg(all(feature = "tracing", not(selvedge_loom)))]
    pub fn traced<M: Fn() -> ::tracing::Span>(self, span: M) -> Op<Trace<C, M, T>, T>
    where
        T: Clone,
    {
        self.with(|inner, time| Trace { inner, span, time: time.clone() })
    }

    /// Lets at most one call begin in a window of time, and leaves out those that come meanwhile but
    /// the last: they end with [`Skipped`].
    ///
    /// # Cancel safety
    ///
    /// A call that is dropped while it waits takes its place along: those that it stood for were left
    /// out.
    #[cfg(feature = "throttle")]
    pub fn throttle<L: Deref<Target = Throttle>>(self, throttle: L) -> Op<Throttled<C, L, T>, T>
    where
        T: Clone,
    {
        self.with(|inner, time| Throttled { inner, throttle, time: time.clone() })
    }

    /// Lets the last call begin once there have been no others for a while; those before it end with
    /// [`Skipped`].
    ///
    /// # Cancel safety
    ///
    /// As for `throttle`.
    #[cfg(feature = "debounce")]
    pub fn debounce<L: Deref<Target = Debounce>>(self, debounce: L) -> Op<Debounced<C, L, T>, T>
    where
        T: Clone,
    {
        self.with(|inner, time| Debounced { inner, debounce, time: time.clone() })
    }
}
