//! At most so long.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use selvedge_timer::{Deadline, Elapsed, Timer};

use super::{Call, SendCall, Time, decorate, opaque};
use crate::raw::seldom::Seldom;

/// See [`Op::timeout`](super::Op::timeout).
#[derive(Clone, Copy)]
pub struct Timed<C, T> {
    pub(super) inner: C,
    pub(super) after: Duration,
    pub(super) time: T,
}

decorate! {
    [R, E, T] Timed<C, T>;
    call: [C: Call<Args, Output = Result<R, E>>, E: From<Elapsed>, T: Time];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: From<Elapsed> + Send,
        T: Time<Sleep: Send> + Send + Sync,
    ];
    |me, args, inner| -> Result<R, E> {
        Within { future: inner(args), after: me.after, time: me.time.clone(), sleep: None }
    }
}

pin_project! {
    /// A call that has at most so long, by [`Op::timeout`](super::Op::timeout).
    #[must_use = "futures do nothing unless polled"]
    pub struct Within<F, T: Time> {
        #[pin]
        future: F,
        after: Duration,
        time: T,
        #[pin]
        sleep: Option<Seldom<T::Sleep>>,
    }
}

impl<F, R, E, T> Future for Within<F, T>
where
    F: Future<Output = Result<R, E>>,
    E: From<Elapsed>,
    T: Time,
{
    type Output = Result<R, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        // The result first: it beats the deadline.
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(output);
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(Seldom::new(this.time.sleep(*this.after))));
        }
        match this.sleep.as_pin_mut() {
            Some(sleep) => sleep.poll(cx).map(|()| Err(Elapsed.into())),
            None => Poll::Pending,
        }
    }
}

/// See [`Op::deadline`](super::Op::deadline).
#[derive(Clone, Copy)]
pub struct Dated<C, M> {
    pub(super) inner: C,
    pub(super) at: M,
}

decorate! {
    [R, E, M, U] Dated<C, M>;
    call: [
        C: Call<Args, Output = Result<R, E>>,
        E: From<Elapsed>,
        M: Fn(&Args) -> Deadline<U>,
        U: Timer + Clone,
    ];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: From<Elapsed> + Send,
        M: Fn(&Args) -> Deadline<U> + Send + Sync,
        U: Timer + Clone + Send,
    ];
    |me, args, inner| -> Result<R, E> {
        let deadline = (me.at)(&args);
        Until { limited: deadline.limit(inner(args)) }
    }
}

pin_project! {
    /// A call that has until a deadline, wherever that is by then, by
    /// [`Op::deadline`](super::Op::deadline).
    #[must_use = "futures do nothing unless polled"]
    pub struct Until<F, U>
    where
        U: Timer,
    {
        #[pin]
        limited: selvedge_timer::Limited<F, U>,
    }
}

impl<F, R, E, U> Future for Until<F, U>
where
    F: Future<Output = Result<R, E>>,
    E: From<Elapsed>,
    U: Timer,
{
    type Output = Result<R, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().limited.poll(cx).map(|ended| match ended {
            Ok(output) => output,
            Err(elapsed) => Err(elapsed.into()),
        })
    }
}

impl<F, U: Timer> fmt::Debug for Until<F, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Until").field("limited", &self.limited).finish()
    }
}

impl<F, T: Time> fmt::Debug for Within<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").field("after", &self.after).finish_non_exhaustive()
    }
}

opaque! { Timed<C, T> Dated<C, M> }
