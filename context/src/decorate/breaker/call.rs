//! Calls that a breaker lets in, or not.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::{Breaker, BreakerPermit, Open};
use crate::decorate::{Ambient, Call, Decide, IfErr, SendCall, Time, Verdict, decorate, opaque};

/// See [`Op::breaker`](crate::decorate::Op::breaker).
#[derive(Clone, Copy)]
pub struct Guarded<C, B, D, T> {
    pub(in crate::decorate) inner: C,
    pub(in crate::decorate) breaker: B,
    pub(in crate::decorate) decide: D,
    pub(in crate::decorate) time: T,
}

/// A handle to a [`Breaker`]: `&Breaker` or `Arc<Breaker>`.
pub trait Breaks {
    /// The breaker.
    fn breaker(&self) -> &Breaker;
}

impl Breaks for &Breaker {
    #[inline]
    fn breaker(&self) -> &Breaker {
        self
    }
}

impl Breaks for Arc<Breaker> {
    #[inline]
    fn breaker(&self) -> &Breaker {
        self
    }
}

impl<C, B, T> Guarded<C, B, IfErr, T> {
    pub(in crate::decorate) fn new(inner: C, breaker: B, time: T) -> Self {
        Self { inner, breaker, decide: IfErr, time }
    }
}

decorate! {
    [R, E, B, D, T] Guarded<C, B, D, T>;
    call: [
        C: Call<Args, Output = Result<R, E>>,
        E: From<Open>,
        B: Breaks,
        D: Decide<Result<R, E>>,
        T: Time,
    ];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: From<Open> + Send,
        B: Breaks + Send + Sync,
        D: Decide<Result<R, E>> + Send + Sync,
        T: Time + Send + Sync,
    ];
    |me, args, inner| -> Result<R, E> {
        me.breaker.breaker().call_on(me.time.clone(), &me.decide, inner(args))
    }
}

impl Breaker {
    /// Polls `future` if it lets it in, and notes how it ends: the call of
    /// [`Op::breaker`](crate::decorate::Op::breaker), of a future that is there already. Time is the
    /// ambient one.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped, or panics, counts for nothing; a probe gives its place to another.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_context::decorate::{Breaker, CallError};
    ///
    /// static BREAKER: Breaker = Breaker::new(10);
    ///
    /// # pollster::block_on(async {
    /// let answer = BREAKER.call(async { Ok::<_, CallError<std::io::Error>>("weft") });
    /// assert_eq!(answer.await.unwrap(), "weft");
    /// BREAKER.force_open();
    /// let refused = BREAKER.call(async { Ok::<_, CallError<std::io::Error>>("weft") });
    /// assert!(matches!(refused.await, Err(CallError::Open(_))));
    /// # });
    /// ```
    pub fn call<R, E, F>(&self, future: F) -> Breaking<'_, F, IfErr, Ambient>
    where
        F: Future<Output = Result<R, E>>,
        E: From<Open>,
    {
        self.call_on(Ambient, &IfErr, future)
    }

    /// As [`call`](Self::call), with the time of `time`, where `decide` tells a failure from a success
    /// (as [`Op::breaker_when`](crate::decorate::Op::breaker_when) does).
    ///
    /// # Cancel safety
    ///
    /// As for [`call`](Self::call).
    pub fn call_on<'a, R, E, F, D, T>(
        &'a self,
        time: T,
        decide: &'a D,
        future: F,
    ) -> Breaking<'a, F, D, T>
    where
        F: Future<Output = Result<R, E>>,
        E: From<Open>,
        D: Decide<Result<R, E>>,
        T: Time,
    {
        Breaking { call: future, permit: None, breaker: self, decide, time }
    }
}

pin_project! {
    /// A call that a [`Breaker`](super::Breaker) lets in, or not.
    #[must_use = "futures do nothing unless polled"]
    pub struct Breaking<'a, F, D, T> {
        // Goes first: the permit outlives it.
        #[pin]
        call: F,
        permit: Option<BreakerPermit<'a>>,
        breaker: &'a Breaker,
        decide: &'a D,
        time: T,
    }
}

impl<R, E, F, D, T> Future for Breaking<'_, F, D, T>
where
    F: Future<Output = Result<R, E>>,
    E: From<Open>,
    D: Decide<Result<R, E>>,
    T: Time,
{
    type Output = Result<R, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, E>> {
        let this = self.project();
        if this.permit.is_none() {
            match this.breaker.ask(|| this.time.now()) {
                Ok(permit) => *this.permit = Some(permit),
                Err(open) => return Poll::Ready(Err(open.into())),
            }
        }
        let output = core::task::ready!(this.call.poll(cx));
        if let Some(permit) = this.permit.take() {
            match this.decide.decide(&output) {
                // An error that says nothing of the place that was called.
                Verdict::Done if output.is_err() => drop(permit),
                verdict => permit.ended(verdict != Verdict::Done, || this.time.now()),
            }
        }
        Poll::Ready(output)
    }
}

impl<F, D, T> fmt::Debug for Breaking<'_, F, D, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breaking").field("runs", &self.permit.is_some()).finish_non_exhaustive()
    }
}

opaque! { Guarded<C, B, D, T> }
