//! Functions that wrap async functions: what decorators are in other languages.
//!
//! `op(f)` makes a chain of any async function or closure; each method wraps it once more. The
//! documented order, from the outside in: `retry(breaker(rate_limit(timeout(limit(f)))))`.
//!
//! ```
//! # #[cfg(all(feature = "timed", feature = "limit", feature = "retry"))]
//! # pollster::block_on(async {
//! use std::time::Duration;
//!
//! use selvedge_context::decorate::{Backoff, CallError, Retry, op};
//! use selvedge_sync::Semaphore;
//!
//! static LIMIT: Semaphore = Semaphore::new(8);
//!
//! async fn fetch(url: &str) -> Result<usize, CallError<std::io::Error>> {
//!     Ok(url.len())
//! }
//!
//! let fetch = op(fetch)
//!     .limit(&LIMIT)
//!     .timeout(Duration::from_secs(1))
//!     .retry(Retry::new(Backoff::exponential(Duration::from_millis(50)).attempts(3)));
//! assert_eq!(fetch.call("a page").await.unwrap(), 6);
//! # });
//! ```
//!
//! # Errors
//!
//! A decorator that can refuse a call says so in the function's own error type: `.timeout(d)` asks for
//! `E: From<Elapsed>`, `.limit(…)` for `E: From<Refused>`, and so on. So a chain of any depth returns
//! `Result<T, E>`, and what is outside sees every failure alike. `Box<dyn Error>` and the like have
//! those conversions; [`CallError`] has them for functions that have no error type of their own yet
//! ([`Op::errors`]).
//!
//! ```compile_fail
//! # use selvedge_context::decorate::op;
//! // A string cannot say that time is over.
//! let call = op(async || Ok::<(), &'static str>(())).timeout(std::time::Duration::MAX);
//! pollster::block_on(call.call0());
//! ```
//!
//! # Without a chain
//!
//! One decorator around one future needs no chain, and its future has a name:
//! [`timeout`](selvedge_timer::timeout())`(duration, future)`, [`retry()`]`(policy, || future)`,
//! [`RateLimit::run`], [`KeyedRateLimit::run`], [`Breaker::call`], [`Throttle::run`], [`Debounce::run`],
//! [`limit()`], [`limit_within()`], [`shed()`], [`Flight::run`], [`Cache::run`] and [`hedge()`]. [`buffer()`] splits a
//! function into those who call and the one who makes the calls.
//!
//! # What a chain costs
//!
//! No box and no allocation: the future of a chain holds the futures of its parts. It is `Send` if they
//! are; in generic code [`SendCall`] says so.

use core::future::Future;

pub use error::{CallError, Errors};
pub use op::{Op, op};
pub use share::{Flagged, OkOnly, Share, Whole};
#[cfg(all(feature = "quanta", not(selvedge_loom)))]
pub use time::Quanta;
pub use time::{Ambient, On, Time, ticks};

mod error;
mod op;
mod share;
mod time;

#[cfg(feature = "breaker")]
mod breaker;
#[cfg(feature = "breaker")]
pub use breaker::{
    Breaker, BreakerPermit, BreakerState, BreakerStatistics, Breaking, Breaks, Guarded, Open,
};

#[cfg(feature = "cache")]
mod cache;
#[cfg(feature = "cache")]
pub use cache::{
    Always, Cache, CacheRun, Cached, Caches, Keep, Keeps, Kept, Negative, Recent, Store,
};

#[cfg(feature = "buffer")]
mod buffer;
#[cfg(feature = "buffer")]
pub use buffer::{Buffer, BufferClosed, Buffering, Driver, buffer};

#[cfg(feature = "catch_unwind")]
mod catch_unwind;
#[cfg(feature = "catch_unwind")]
pub use catch_unwind::{CatchUnwind, Caught};

#[cfg(feature = "debounce")]
mod debounce;
#[cfg(feature = "debounce")]
pub use debounce::{Debounce, Debounced};

#[cfg(feature = "_edge")]
mod edge;
#[cfg(feature = "_edge")]
pub use edge::{AtEdge, Skipped};

#[cfg(feature = "fallback")]
mod fallback;
#[cfg(feature = "fallback")]
pub use fallback::Fallback;

#[cfg(feature = "hedge")]
mod hedge;
#[cfg(feature = "hedge")]
pub use hedge::{
    Eligible, EveryCall, Hedge, HedgePolicy, Hedged, Hedging, Latency, Lateness, hedge, hedge_on,
};

#[cfg(feature = "instrument")]
mod instrument;
#[cfg(feature = "instrument")]
pub use instrument::{Event, Hook, Instrument, Instrumented};

#[cfg(feature = "limit")]
mod limit;
#[cfg(feature = "limit")]
pub use limit::{
    Limit, LimitWithin, Limited, LimitedWithin, Refused, Shed, Shedding, limit, limit_within, shed,
};

#[cfg(feature = "rate_limit")]
mod rate_limit;
#[cfg(feature = "rate_limit")]
pub use rate_limit::{Paced, Pacing, RateLimit, RateLimited, Reservation};

#[cfg(feature = "rate_limit_by")]
mod rate_limit_by;
#[cfg(feature = "rate_limit_by")]
pub use rate_limit_by::{KeyLimit, KeyedRateLimit, PacedBy};

#[cfg(feature = "retry")]
mod retry;
#[cfg(feature = "retry")]
pub use retry::{
    Alike, Attempt, Decide, IfErr, NoHook, OnRetry, Retried, Retry, RetryPolicy, Retrying, Verdict,
    backoff::{Backoff, Jitter},
    budget::{Budget, NoBudget, Spends},
    retry, retry_on,
};

#[cfg(feature = "single_flight")]
mod single_flight;
#[cfg(feature = "single_flight")]
pub use single_flight::{ArcErrors, Flight, FlightRun, Flights, SingleFlight};

#[cfg(feature = "throttle")]
mod throttle;
#[cfg(feature = "throttle")]
pub use throttle::{Throttle, Throttled};

#[cfg(feature = "timed")]
mod timed;
#[cfg(feature = "timed")]
pub use selvedge_timer::{Deadline, Elapsed};
#[cfg(feature = "timed")]
pub use timed::{Dated, Timed, Until, Within};

#[cfg(all(feature = "tracing", not(selvedge_loom)))]
mod tracing;
#[cfg(all(feature = "tracing", not(selvedge_loom)))]
pub use self::tracing::{Trace, Traced};

/// Something that can be called, again and again, with a tuple of arguments: every async function and
/// async closure of up to four, and every decorated one.
///
/// The arguments may borrow, and the future may borrow from them and from the function.
///
/// # Examples
///
/// ```
/// use selvedge_context::decorate::{Call, op};
///
/// /// Takes any function, decorated or not.
/// async fn twice<C: Call<(u32,), Output = u32>>(f: &C, n: u32) -> u32 {
///     f.call((n,)).await + f.call((n,)).await
/// }
///
/// let double = async |n: u32| 2 * n;
/// assert_eq!(pollster::block_on(twice(&double, 7)), 28);
/// assert_eq!(pollster::block_on(twice(&op(double).into_inner(), 7)), 28);
/// ```
///
/// ```compile_fail
/// use selvedge_context::decorate::op;
///
/// let length = op(async |text: &str| text.len());
/// let text = String::from("warp");
/// let call = length.call(&text);
/// drop(text); // The call has it.
/// # pollster::block_on(call);
/// ```
///
/// ```compile_fail
/// use selvedge_context::decorate::op;
///
/// fn begun() -> impl Future<Output = usize> {
///     let length = op(async |text: &'static str| text.len());
///     length.call("warp") // The function is needed to the end of the call.
/// }
/// ```
pub trait Call<Args> {
    /// What a call ends with.
    type Output;

    /// Calls it. Nothing happens before the future is polled.
    fn call(&self, args: Args) -> impl Future<Output = Self::Output>;
}

/// A [`Call`] whose future is known to be `Send` where the function's type is not: in generic code that
/// spawns.
///
/// ```
/// use selvedge_context::decorate::{SendCall, op};
///
/// fn on_a_thread<C: SendCall<(u32,)> + 'static>(call: C) -> C::Output
/// where
///     C::Output: 'static,
/// {
///     let thread = std::thread::spawn(move || {
///         // The future itself may cross threads.
///         let future: std::pin::Pin<Box<dyn Future<Output = _> + Send + '_>> =
///             Box::pin(call.send_call((2,)));
///         pollster::block_on(future)
///     });
///     thread.join().unwrap()
/// }
///
/// async fn double(n: u32) -> u32 {
///     2 * n
/// }
/// assert_eq!(on_a_thread(op(double)), 4);
/// ```
///
/// A function that keeps what must not leave its thread is none, however it is wrapped:
///
/// ```compile_fail
/// # use selvedge_context::decorate::{SendCall, op};
/// # fn is_send_call<C: SendCall<(u32,)>>(_: C) {}
/// async fn local(n: u32) -> u32 {
///     let kept = std::rc::Rc::new(n);
///     std::future::ready(()).await;
///     *kept
/// }
/// is_send_call(op(local).catch_unwind());
/// ```
///
/// Nor is one whose argument must not:
///
/// ```compile_fail
/// # use selvedge_context::decorate::{SendCall, op};
/// # fn is_send_call<A, C: SendCall<(A,)>>(_: C, _: A) {}
/// async fn take(_: std::rc::Rc<u32>) {}
/// is_send_call(op(take).catch_unwind(), std::rc::Rc::new(1));
/// ```
///
/// Nor is a generic [`Call`]: that its future is `Send` has to be asked for.
///
/// ```compile_fail
/// # use selvedge_context::decorate::{Call, SendCall};
/// fn is_send<T: Send>(_: T) {}
/// fn spawns<C: Call<()> + Send + Sync>(call: C) {
///     is_send(call.call(()));
/// }
/// ```
pub trait SendCall<Args>: Call<Args, Output: Send> + Send + Sync {
    /// Calls it.
    fn send_call(&self, args: Args) -> impl Future<Output = Self::Output> + Send;
}

/// A way of wrapping: [`Op::layer`] applies one of your own.
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
///
/// use selvedge_context::decorate::{Call, Wrap, op};
///
/// /// Counts calls.
/// struct Count<'a>(&'a Cell<u32>);
/// struct Counted<'a, C>(C, &'a Cell<u32>);
///
/// impl<'a, C> Wrap<C> for Count<'a> {
///     type Wrapped = Counted<'a, C>;
///
///     fn wrap(self, inner: C) -> Counted<'a, C> {
///         Counted(inner, self.0)
///     }
/// }
///
/// impl<Args, C: Call<Args>> Call<Args> for Counted<'_, C> {
///     type Output = C::Output;
///
///     fn call(&self, args: Args) -> impl Future<Output = C::Output> {
///         self.1.set(self.1.get() + 1);
///         self.0.call(args)
///     }
/// }
///
/// let calls = Cell::new(0);
/// let double = op(async |n: u32| 2 * n).layer(Count(&calls));
/// assert_eq!(pollster::block_on(double.call(7)), 14);
/// assert_eq!(calls.get(), 1);
/// ```
pub trait Wrap<C> {
    /// What comes of it.
    type Wrapped;

    /// Wraps `inner`.
    fn wrap(self, inner: C) -> Self::Wrapped;
}

macro_rules! functions {
    ($($name:ident($($arg:ident: $type:ident)*);)*) => {$(
        impl<F, R, $($type),*> Call<($($type,)*)> for F
        where
            F: AsyncFn($($type),*) -> R,
        {
            type Output = R;

            #[inline]
            fn call(&self, ($($arg,)*): ($($type,)*)) -> impl Future<Output = R> {
                self($($arg),*)
            }
        }

        /// The future by its type, which an `AsyncFn` does not tell.
        #[inline]
        fn $name<F: Fn($($type),*) -> Fut, Fut, $($type),*>(f: &F, $($arg: $type),*) -> Fut {
            f($($arg),*)
        }

        impl<F, Fut, R: Send, $($type: Send),*> SendCall<($($type,)*)> for F
        where
            F: AsyncFn($($type),*) -> R + Fn($($type),*) -> Fut + Send + Sync,
            Fut: Future<Output = R> + Send,
        {
            #[inline]
            fn send_call(&self, ($($arg,)*): ($($type,)*)) -> impl Future<Output = R> + Send {
                $name(self, $($arg),*)
            }
        }
    )*};
}
functions! {
    call_0();
    call_1(a: A);
    call_2(a: A b: B);
    call_3(a: A b: B d: D);
    call_4(a: A b: B d: D e: E);
}

/// Implements [`Call`] and [`SendCall`] for a decorator of your own, from one body.
///
/// The decorator is a struct whose field `inner` is what it wraps. `[…]` are its generics beside `C`
/// (what is wrapped) and `Args`; the bounds are those of [`Call`] and those of [`SendCall`]. In the body
/// the first name is the decorator, the second are the arguments, and the third calls what is wrapped.
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// use selvedge_context::decorate::{Call, SendCall, Wrap, decorate, op};
///
/// /// Counts the calls.
/// struct Counted<C> {
///     inner: C,
///     calls: &'static AtomicU32,
/// }
///
/// decorate! {
///     [] Counted<C>;
///     call: [C: Call<Args>];
///     send_call: [C: SendCall<Args>, Args: Send];
///     |me, args, inner| -> C::Output {
///         me.calls.fetch_add(1, Relaxed);
///         inner(args)
///     }
/// }
///
/// struct Count(&'static AtomicU32);
///
/// impl<C> Wrap<C> for Count {
///     type Wrapped = Counted<C>;
///
///     fn wrap(self, inner: C) -> Counted<C> {
///         Counted { inner, calls: self.0 }
///     }
/// }
///
/// static CALLS: AtomicU32 = AtomicU32::new(0);
/// let double = op(async |n: u32| 2 * n).layer(Count(&CALLS));
/// # pollster::block_on(async {
/// assert_eq!(double.call(2).await + double.call(3).await, 10);
/// # });
/// assert_eq!(CALLS.load(Relaxed), 2);
/// ```
#[macro_export]
#[doc(hidden)]
macro_rules! __decorate {
    (
        [$($generics:tt)*] $name:ty;
        call: [$($call:tt)*];
        send_call: [$($send:tt)*];
        |$me:ident, $args:ident, $inner:ident| -> $output:ty $body:block
    ) => {
        impl<C, Args, $($generics)*> $crate::decorate::Call<Args> for $name
        where
            $($call)*
        {
            type Output = $output;

            #[inline]
            fn call(&self, $args: Args) -> impl Future<Output = $output> {
                let $me = self;
                let $inner = move |args| $crate::decorate::Call::call(&$me.inner, args);
                $body
            }
        }

        impl<C, Args, $($generics)*> $crate::decorate::SendCall<Args> for $name
        where
            $($send)*
        {
            #[inline]
            fn send_call(&self, $args: Args) -> impl Future<Output = $output> + Send {
                let $me = self;
                let $inner = move |args| $crate::decorate::SendCall::send_call(&$me.inner, args);
                $body
            }
        }
    };
}
#[doc(inline)]
pub use crate::__decorate as decorate;

/// `Debug` of a decorator, which is of functions that have none.
macro_rules! opaque {
    ($($name:ident<$($param:ident),*>)*) => {$(
        impl<$($param),*> core::fmt::Debug for $name<$($param),*> {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}
use opaque;
