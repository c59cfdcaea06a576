//! So many at a time.

use core::{
    fmt,
    future::Future,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use selvedge_sync::{Acquire, Semaphore, SemaphorePermit, TryAcquireError};

use super::{Ambient, Call, SendCall, Time, decorate, opaque};
use crate::raw::seldom::Seldom;

/// See [`Op::limit`](super::Op::limit).
#[derive(Clone, Copy)]
pub struct Limit<C, S> {
    pub(super) inner: C,
    pub(super) semaphore: S,
}

/// See [`Op::shed`](super::Op::shed).
#[derive(Clone, Copy)]
pub struct Shed<C, S> {
    pub(super) inner: C,
    pub(super) semaphore: S,
}

/// See [`Op::limit_within`](super::Op::limit_within).
#[derive(Clone, Copy)]
pub struct LimitWithin<C, S, T> {
    pub(super) inner: C,
    pub(super) semaphore: S,
    pub(super) max_wait: Duration,
    pub(super) time: T,
}

/// There is no room for a call: all permits are taken and it was not to wait, or not for so long; or
/// the semaphore is closed. [`Op::shed`](super::Op::shed) ends with it, and
/// [`Op::limit`](super::Op::limit).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refused {
    /// All permits are taken.
    Full,
    /// The semaphore is [closed](Semaphore::close).
    Closed,
}

decorate! {
    [R, E, S] Limit<C, S>;
    call: [
        C: Call<Args, Output = Result<R, E>>,
        E: From<Refused>,
        S: Deref<Target = Semaphore>,
    ];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: From<Refused> + Send,
        S: Deref<Target = Semaphore> + Send + Sync,
    ];
    |me, args, inner| -> Result<R, E> {
        limit(&me.semaphore, inner(args))
    }
}

decorate! {
    [R, E, S] Shed<C, S>;
    call: [
        C: Call<Args, Output = Result<R, E>>,
        E: From<Refused>,
        S: Deref<Target = Semaphore>,
    ];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: From<Refused> + Send,
        S: Deref<Target = Semaphore> + Send + Sync,
    ];
    |me, args, inner| -> Result<R, E> {
        shed(&me.semaphore, inner(args))
    }
}

decorate! {
    [R, E, S, T] LimitWithin<C, S, T>;
    call: [
        C: Call<Args, Output = Result<R, E>>,
        E: From<Refused>,
        S: Deref<Target = Semaphore>,
        T: Time,
    ];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: From<Refused> + Send,
        S: Deref<Target = Semaphore> + Send + Sync,
        T: Time<Sleep: Send> + Send + Sync,
    ];
    |me, args, inner| -> Result<R, E> {
        LimitedWithin::new(&me.semaphore, me.max_wait, inner(args), me.time.clone())
    }
}

/// Waits for a permit, then for `future`: the call of [`Op::limit`](super::Op::limit), of a future that
/// is there already.
///
/// # Cancel safety
///
/// Dropping it gives up its place in line, or its permit.
///
/// # Examples
///
/// ```
/// use selvedge_context::decorate::{Refused, limit, shed};
/// use selvedge_sync::Semaphore;
///
/// static ROOM: Semaphore = Semaphore::new(1);
///
/// # pollster::block_on(async {
/// let inside = limit(&ROOM, async { shed(&ROOM, async { Ok::<(), _>(()) }).await });
/// assert_eq!(inside.await, Err(Refused::Full));
/// # });
/// ```
pub fn limit<R, E, F>(semaphore: &Semaphore, future: F) -> Limited<'_, F>
where
    F: Future<Output = Result<R, E>>,
    E: From<Refused>,
{
    Limited { call: future, permit: None, semaphore, line: None }
}

/// As [`limit`], and refuses where it would have to wait: the call of [`Op::shed`](super::Op::shed).
///
/// # Cancel safety
///
/// Dropping it gives up its permit.
pub fn shed<R, E, F>(semaphore: &Semaphore, future: F) -> Shedding<'_, F>
where
    F: Future<Output = Result<R, E>>,
    E: From<Refused>,
{
    Shedding { call: future, permit: None, semaphore }
}

/// As [`limit`], and refuses if there is no permit within `max_wait`: the call of
/// [`Op::limit_within`](super::Op::limit_within). Time is the ambient one.
///
/// # Cancel safety
///
/// Dropping it gives up its place in line, or its permit.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{Refused, limit_within};
/// use selvedge_sync::Semaphore;
///
/// static ROOM: Semaphore = Semaphore::new(1);
///
/// # pollster::block_on(async {
/// let held = ROOM.acquire().await.unwrap();
/// let call = limit_within(&ROOM, Duration::from_millis(5), async { Ok::<_, Refused>(7) });
/// assert_eq!(call.await, Err(Refused::Full));
/// # drop(held);
/// # });
/// ```
pub fn limit_within<R, E, F>(
    semaphore: &Semaphore,
    max_wait: Duration,
    future: F,
) -> LimitedWithin<'_, F, Ambient>
where
    F: Future<Output = Result<R, E>>,
    E: From<Refused>,
{
    LimitedWithin::new(semaphore, max_wait, future, Ambient)
}

pin_project! {
    /// A call that waits for a permit, by [`Op::limit`](super::Op::limit) or [`limit`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Limited<'a, F> {
        // Goes first: it runs under the permit to its end.
        #[pin]
        call: F,
        permit: Option<Seldom<SemaphorePermit<'a>>>,
        semaphore: &'a Semaphore,
        // Made where there is no permit on hand.
        #[pin]
        line: Option<Seldom<Acquire<'a>>>,
    }
}

impl<'a, F> Limited<'a, F> {
    /// Stands in line.
    #[cold]
    fn wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        let mut this = self.project();
        if this.line.is_none() {
            this.line.set(Some(Seldom::new(this.semaphore.acquire())));
        }
        let Some(line) = this.line.as_mut().as_pin_mut() else { return Poll::Pending };
        let permit = ready!(line.poll(cx)).map_err(|_| Refused::Closed);
        this.line.set(None);
        *this.permit = Some(Seldom::new(permit?));
        Poll::Ready(Ok(()))
    }
}

impl<R, E, F> Future for Limited<'_, F>
where
    F: Future<Output = Result<R, E>>,
    E: From<Refused>,
{
    type Output = Result<R, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, E>> {
        let this = self.as_mut().project();
        if this.permit.is_none() {
            // Who stands in line waits for the turn: a `try_acquire` may come before it is granted.
            let taken = match this.line.as_ref().get_ref() {
                None => this.semaphore.try_acquire(),
                Some(_) => Err(TryAcquireError::NoPermits),
            };
            match taken {
                Ok(permit) => *this.permit = Some(Seldom::new(permit)),
                // What has come back since is there for whoever lines up.
                Err(_) => {
                    if let Err(refused) = ready!(self.as_mut().wait(cx)) {
                        return Poll::Ready(Err(refused.into()));
                    }
                }
            }
        }
        let this = self.project();
        let output = ready!(this.call.poll(cx));
        drop(this.permit.take().map(Seldom::into_inner));
        Poll::Ready(output)
    }
}

pin_project! {
    /// A call that waits so long for a permit, by [`Op::limit_within`](super::Op::limit_within) or
    /// [`limit_within`].
    #[must_use = "futures do nothing unless polled"]
    pub struct LimitedWithin<'a, F, T: Time> {
        #[pin]
        limited: Limited<'a, F>,
        max_wait: Duration,
        time: T,
        // Made where the call has to wait.
        #[pin]
        sleep: Option<Seldom<T::Sleep>>,
    }
}

impl<'a, F, T: Time> LimitedWithin<'a, F, T> {
    #[inline]
    fn new(semaphore: &'a Semaphore, max_wait: Duration, call: F, time: T) -> Self {
        let limited = Limited { call, permit: None, semaphore, line: None };
        Self { limited, max_wait, time, sleep: None }
    }

    /// Waits on, for a permit or for the end of the call. Whether that has been long enough.
    #[cold]
    fn waits(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        if this.limited.permit.is_some() {
            this.sleep.set(None);
            return Poll::Pending;
        }
        if this.sleep.is_none() {
            this.sleep.set(Some(Seldom::new(this.time.sleep(*this.max_wait))));
        }
        let Some(sleep) = this.sleep.as_mut().as_pin_mut() else { return Poll::Pending };
        ready!(sleep.poll(cx));
        this.sleep.set(None);
        // The place in line goes now, not when the caller drops this.
        this.limited.project().line.set(None);
        Poll::Ready(())
    }
}

impl<R, E, F, T> Future for LimitedWithin<'_, F, T>
where
    F: Future<Output = Result<R, E>>,
    E: From<Refused>,
    T: Time,
{
    type Output = Result<R, E>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, E>> {
        // The permit first: it beats the end of the wait.
        if let Poll::Ready(output) = self.as_mut().project().limited.poll(cx) {
            return Poll::Ready(output);
        }
        self.waits(cx).map(|()| Err(Refused::Full.into()))
    }
}

pin_project! {
    /// A call that takes a permit, or goes, by [`Op::shed`](super::Op::shed) or [`shed`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Shedding<'a, F> {
        #[pin]
        call: F,
        permit: Option<Seldom<SemaphorePermit<'a>>>,
        semaphore: &'a Semaphore,
    }
}

impl<R, E, F> Future for Shedding<'_, F>
where
    F: Future<Output = Result<R, E>>,
    E: From<Refused>,
{
    type Output = Result<R, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, E>> {
        let this = self.project();
        if this.permit.is_none() {
            match this.semaphore.try_acquire() {
                Ok(permit) => *this.permit = Some(Seldom::new(permit)),
                Err(TryAcquireError::Closed) => return Poll::Ready(Err(Refused::Closed.into())),
                Err(TryAcquireError::NoPermits) => return Poll::Ready(Err(Refused::Full.into())),
            }
        }
        let output = ready!(this.call.poll(cx));
        drop(this.permit.take().map(Seldom::into_inner));
        Poll::Ready(output)
    }
}

impl<F> fmt::Debug for Limited<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited").field("runs", &self.permit.is_some()).finish_non_exhaustive()
    }
}

impl<F, T: Time> fmt::Debug for LimitedWithin<'_, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (runs, max_wait) = (self.limited.permit.is_some(), self.max_wait);
        let mut shown = f.debug_struct("LimitedWithin");
        shown.field("runs", &runs).field("max_wait", &max_wait).finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Shedding<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shedding").field("runs", &self.permit.is_some()).finish_non_exhaustive()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "there is no room for another call",
            Self::Closed => "no more calls are let in",
        })
    }
}

impl core::error::Error for Refused {}

opaque! { Limit<C, S> LimitWithin<C, S, T> Shed<C, S> }
