//! Telling how calls go.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};
use std::time::Instant;

use pin_project_lite::pin_project;

use super::{Call, SendCall, Time, decorate, opaque};

/// See [`Op::instrument`](super::Op::instrument).
#[derive(Clone, Copy)]
pub struct Instrument<C, H, T> {
    pub(super) inner: C,
    pub(super) hook: H,
    pub(super) time: T,
}

/// What happens to a call: a [`Hook`] is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// It begins.
    Start,
    /// It ended well, after so long.
    Done(Duration),
    /// It ended with an error, after so long.
    Failed(Duration),
    /// It panicked, after so long.
    Panicked(Duration),
    /// It was dropped before its end, after so long.
    Cancelled(Duration),
}

/// Who is told: any `Fn(Event)`.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// use selvedge_context::decorate::{Event, Hook, op};
///
/// #[derive(Default)]
/// struct Running(AtomicU32);
///
/// impl Hook for &Running {
///     fn tell(&self, event: Event) {
///         match event {
///             Event::Start => self.0.fetch_add(1, Relaxed),
///             _ => self.0.fetch_sub(1, Relaxed),
///         };
///     }
/// }
///
/// let running = Running::default();
/// let sleep = op(async |_: u32| Ok::<_, ()>(std::future::pending::<()>().await)).instrument(&running);
/// # pollster::block_on(async {
/// let call = Box::pin(sleep.call(7));
/// assert!(futures_lite::future::poll_once(call).await.is_none());
/// // However a call ends, also when it is dropped, the gauge comes down again.
/// assert_eq!(running.0.load(Relaxed), 0);
/// # });
/// ```
pub trait Hook {
    /// Takes note.
    fn tell(&self, event: Event);
}

impl<F: Fn(Event)> Hook for F {
    #[inline]
    fn tell(&self, event: Event) {
        self(event);
    }
}

/// How a call goes.
pub(super) struct Course<T> {
    time: T,
    /// Since when, until it ends.
    start: Option<Instant>,
    /// If it is dropped in a poll, that poll has panicked.
    polls: bool,
}

impl<T: Time> Course<T> {
    pub(super) const fn new(time: T) -> Self {
        Self { time, start: None, polls: false }
    }

    /// It is polled; whether for the first time.
    #[inline]
    pub(super) fn polls(&mut self) -> bool {
        let first = self.start.is_none();
        if first {
            self.start = Some(self.time.now());
        }
        self.polls = true;
        first
    }

    #[inline]
    pub(super) fn waits(&mut self) {
        self.polls = false;
    }

    /// It has ended.
    #[inline]
    pub(super) fn ends<R, E>(&mut self, output: &Result<R, E>) -> Option<Event> {
        self.end(if output.is_ok() { Event::Done } else { Event::Failed })
    }

    /// It goes.
    #[inline]
    pub(super) fn goes(&mut self) -> Option<Event> {
        self.end(if self.polls { Event::Panicked } else { Event::Cancelled })
    }

    #[inline]
    fn end(&mut self, how: fn(Duration) -> Event) -> Option<Event> {
        let start = self.start.take()?;
        Some(how(self.time.now().saturating_duration_since(start)))
    }
}

decorate! {
    [R, E, H, T] Instrument<C, H, T>;
    call: [C: Call<Args, Output = Result<R, E>>, H: Hook, T: Time];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: Send,
        H: Hook + Send + Sync,
        T: Time + Send + Sync,
    ];
    |me, args, inner| -> Result<R, E> {
        let telling = Telling { hook: &me.hook, course: Course::new(me.time.clone()) };
        Instrumented { call: inner(args), telling }
    }
}

pin_project! {
    /// A call whose course is told, by [`Op::instrument`](super::Op::instrument).
    #[must_use = "futures do nothing unless polled"]
    pub struct Instrumented<'a, F, H, T>
    where
        H: Hook,
        T: Time,
    {
        // Goes first, and then it is told.
        #[pin]
        call: F,
        telling: Telling<'a, H, T>,
    }
}

/// Tells of the end, whichever way it comes.
struct Telling<'a, H: Hook, T: Time> {
    hook: &'a H,
    course: Course<T>,
}

impl<H: Hook, T: Time> Drop for Telling<'_, H, T> {
    fn drop(&mut self) {
        if let Some(event) = self.course.goes() {
            self.hook.tell(event);
        }
    }
}

impl<F, R, E, H, T> Future for Instrumented<'_, F, H, T>
where
    F: Future<Output = Result<R, E>>,
    H: Hook,
    T: Time,
{
    type Output = Result<R, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, E>> {
        let this = self.project();
        let Telling { hook, course } = this.telling;
        if course.polls() {
            hook.tell(Event::Start);
        }
        let poll = this.call.poll(cx);
        course.waits();
        let output = ready!(poll);
        if let Some(event) = course.ends(&output) {
            hook.tell(event);
        }
        Poll::Ready(output)
    }
}

impl<F, H: Hook, T: Time> fmt::Debug for Instrumented<'_, F, H, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instrumented").finish_non_exhaustive()
    }
}

opaque! { Instrument<C, H, T> }
