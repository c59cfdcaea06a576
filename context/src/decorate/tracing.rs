//! Calls as spans.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use ::tracing::{Span, debug, error, warn};
use pin_project_lite::pin_project;

use super::{Call, Event, SendCall, Time, decorate, instrument::Course, opaque};

/// See [`Op::traced`](super::Op::traced).
#[derive(Clone, Copy)]
pub struct Trace<C, M, T> {
    pub(super) inner: C,
    pub(super) span: M,
    pub(super) time: T,
}

decorate! {
    [R, E, M, T] Trace<C, M, T>;
    call: [C: Call<Args, Output = Result<R, E>>, M: Fn() -> Span, T: Time];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: Send,
        M: Fn() -> Span + Send + Sync,
        T: Time + Send + Sync,
    ];
    |me, args, inner| -> Result<R, E> {
        let course = Course::new(me.time.clone());
        Traced { call: Some(inner(args)), span: (me.span)(), course }
    }
}

pin_project! {
    /// A call that runs in a span, by [`Op::traced`](super::Op::traced).
    #[must_use = "futures do nothing unless polled"]
    pub struct Traced<F, T>
    where
        T: Time,
    {
        // None once it has gone.
        #[pin]
        call: Option<F>,
        span: Span,
        course: Course<T>,
    }

    impl<F, T> PinnedDrop for Traced<F, T>
    where
        T: Time,
    {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            // What goes with the call goes in its span.
            let _entered = this.span.enter();
            this.call.set(None);
            if let Some(event) = this.course.goes() {
                note(event);
            }
        }
    }
}

impl<F, R, E, T> Future for Traced<F, T>
where
    F: Future<Output = Result<R, E>>,
    T: Time,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, E>> {
        let mut this = self.project();
        let call = this.call.as_mut().as_pin_mut().expect("a future was polled after completion");
        let _entered = this.span.enter();
        if this.course.polls() {
            note(Event::Start);
        }
        let poll = call.poll(cx);
        this.course.waits();
        let output = ready!(poll);
        this.call.set(None);
        if let Some(event) = this.course.ends(&output) {
            note(event);
        }
        Poll::Ready(output)
    }
}

/// An event of the span that is entered.
fn note(event: Event) {
    match event {
        Event::Start => debug!("start"),
        Event::Done(took) => debug!(?took, "done"),
        Event::Failed(took) => warn!(?took, "failed"),
        Event::Panicked(took) => error!(?took, "panicked"),
        Event::Cancelled(took) => debug!(?took, "cancelled"),
    }
}

impl<F, T: Time> fmt::Debug for Traced<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced").field("span", &self.span).finish_non_exhaustive()
    }
}

opaque! { Trace<C, M, T> }
