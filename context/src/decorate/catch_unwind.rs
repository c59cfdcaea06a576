//! A panic as an error.

use alloc::boxed::Box;
use core::{
    any::Any,
    fmt,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::{Call, SendCall, decorate, opaque};

/// See [`Op::catch_unwind`](super::Op::catch_unwind).
#[derive(Clone, Copy)]
pub struct Caught<C> {
    pub(super) inner: C,
}

type Payload = Box<dyn Any + Send>;

decorate! {
    [] Caught<C>;
    call: [C: Call<Args>];
    send_call: [C: SendCall<Args>, Args: Send];
    |_me, args, inner| -> Result<C::Output, Payload> {
        CatchUnwind { future: inner(args) }
    }
}

pin_project! {
    /// A call whose panics are caught, by [`Op::catch_unwind`](super::Op::catch_unwind).
    #[must_use = "futures do nothing unless polled"]
    pub struct CatchUnwind<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for CatchUnwind<F> {
    type Output = Result<F::Output, Payload>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let future = self.project().future;
        match std::panic::catch_unwind(AssertUnwindSafe(|| future.poll(cx))) {
            Ok(poll) => poll.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        }
    }
}

impl<F> fmt::Debug for CatchUnwind<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatchUnwind").finish_non_exhaustive()
    }
}

opaque! { Caught<C> }
