//! At most so long.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;
use selvedge_timer::Elapsed;

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
    /// A call that has at most so long.
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

impl<F, T: Time> fmt::Debug for Within<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Within").field("after", &self.after).finish_non_exhaustive()
    }
}

opaque! { Timed<C, T> }
