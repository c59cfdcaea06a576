//! A chain: how it begins, and how it is called. What it can be wrapped in is in `op/wraps.rs`.

use core::{fmt, future::Future};

use selvedge_timer::Timer;

use super::*;

mod wraps;

/// A function and what it is wrapped in, made by [`op`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::{decorate::{CallError, op}, join_all};
/// use selvedge_sync::Semaphore;
///
/// static LOOMS: Semaphore = Semaphore::new(2);
///
/// async fn weave(rows: u32) -> Result<u32, CallError<&'static str>> {
///     if rows > 0 { Ok(rows * 10) } else { Err(CallError::Inner("nothing to weave")) }
/// }
///
/// // Made once, and called as often as one likes: also at the same time.
/// let weave = op(weave).limit(&LOOMS).timeout(Duration::from_secs(5));
/// # pollster::block_on(async {
/// let woven = join_all([1, 2, 3].map(|rows| weave.call(rows))).await;
/// assert_eq!(woven, [Ok(10), Ok(20), Ok(30)]);
/// assert_eq!(weave.call(0).await, Err(CallError::Inner("nothing to weave")));
/// # });
/// ```
#[derive(Clone, Copy)]
pub struct Op<C, T = Ambient> {
    pub(super) inner: C,
    pub(super) time: T,
}

/// Begins a chain: `op(f).limit(…).timeout(…)`, to be called by [`call`](Op::call).
///
/// Decorators that need time take it from the timer that is current where the call is polled;
/// [`Op::on`] names another.
pub const fn op<C>(f: C) -> Op<C> {
    Op { inner: f, time: Ambient }
}

impl<C, T> Op<C, T> {
    /// What follows in the chain takes its time from `timer`: a host, or a virtual clock in a test.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::{future::pending, time::Duration};
    ///
    /// use selvedge_context::decorate::{CallError, op};
    /// use selvedge_timer::VirtualClock;
    ///
    /// let clock = VirtualClock::new();
    /// let slow = op(async || pending::<Result<(), CallError<()>>>().await)
    ///     .on(&clock)
    ///     .timeout(Duration::from_secs(3600));
    /// assert!(matches!(clock.auto_advance(slow.call0()).await, Err(CallError::Elapsed(_))));
    /// # });
    /// ```
    pub fn on<U: Timer + Clone>(self, timer: U) -> Op<C, On<U>> {
        Op { inner: self.inner, time: On(timer) }
    }

    /// What follows in the chain takes its time from a source of your own kind.
    pub fn with_time<U: Time>(self, time: U) -> Op<C, U> {
        Op { inner: self.inner, time }
    }

    /// Wraps in a decorator of your own.
    pub fn layer<W: Wrap<C>>(self, layer: W) -> Op<W::Wrapped, T> {
        Op { inner: layer.wrap(self.inner), time: self.time }
    }

    /// Wraps, with the chain's time at hand.
    #[inline]
    fn with<D>(self, wrap: impl FnOnce(C, &T) -> D) -> Op<D, T> {
        Op { inner: wrap(self.inner, &self.time), time: self.time }
    }

    /// Gives the function an error type that every decorator can speak: [`CallError`] around its own.
    pub fn errors(self) -> Op<Errors<C>, T> {
        self.with(|inner, _| Errors { inner })
    }

    /// The chain as a plain callable.
    pub fn into_inner(self) -> C {
        self.inner
    }

    /// Calls a function of no arguments.
    #[inline]
    pub fn call0(&self) -> impl Future<Output = C::Output>
    where
        C: Call<()>,
    {
        self.inner.call(())
    }

    /// Calls a function of one argument.
    #[inline]
    pub fn call<A>(&self, a: A) -> impl Future<Output = C::Output>
    where
        C: Call<(A,)>,
    {
        self.inner.call((a,))
    }

    /// Calls a function of two arguments.
    #[inline]
    pub fn call2<A, B>(&self, a: A, b: B) -> impl Future<Output = C::Output>
    where
        C: Call<(A, B)>,
    {
        self.inner.call((a, b))
    }

    /// Calls a function of three arguments.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::decorate::op;
    ///
    /// let volume = op(async |a: u32, b: u32, c: u32| a * b * c);
    /// assert_eq!(volume.call3(2, 3, 4).await, 24);
    /// assert_eq!(op(async || 7).call0().await, 7);
    /// assert_eq!(op(async |a: u8, b: u8, c: u8, d: u8| a + b + c + d).call4(1, 2, 3, 4).await, 10);
    /// # });
    /// ```
    #[inline]
    pub fn call3<A, B, D>(&self, a: A, b: B, d: D) -> impl Future<Output = C::Output>
    where
        C: Call<(A, B, D)>,
    {
        self.inner.call((a, b, d))
    }

    /// Calls a function of four arguments.
    #[inline]
    pub fn call4<A, B, D, E>(&self, a: A, b: B, d: D, e: E) -> impl Future<Output = C::Output>
    where
        C: Call<(A, B, D, E)>,
    {
        self.inner.call((a, b, d, e))
    }
}

impl<C: Call<Args>, Args, T> Call<Args> for Op<C, T> {
    type Output = C::Output;

    #[inline]
    fn call(&self, args: Args) -> impl Future<Output = C::Output> {
        self.inner.call(args)
    }
}

impl<C: SendCall<Args>, Args, T: Send + Sync> SendCall<Args> for Op<C, T> {
    #[inline]
    fn send_call(&self, args: Args) -> impl Future<Output = C::Output> + Send {
        self.inner.send_call(args)
    }
}

impl<C, T> fmt::Debug for Op<C, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Op").finish_non_exhaustive()
    }
}
