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
use crate::decorate::{Call, Decide, IfErr, SendCall, Time, Verdict, decorate, opaque};

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
        let (call, breaker, decide) = (inner(args), me.breaker.breaker(), &me.decide);
        Breaking { call, permit: None, breaker, decide, time: me.time.clone() }
    }
}

pin_project! {
    /// A call that a breaker lets in, or not.
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
