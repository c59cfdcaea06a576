//! So many at a time.

use core::{
    fmt,
    future::Future,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use selvedge_sync::{Acquire, Semaphore, SemaphorePermit, TryAcquireError};

use super::{Call, SendCall, decorate, opaque};

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

/// There is no room for a call: all permits are taken and it was not to wait, or the semaphore is
/// closed. [`Op::shed`](super::Op::shed) ends with it, and [`Op::limit`](super::Op::limit).
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
    Limited { call: future, permit: None, acquire: semaphore.acquire() }
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

pin_project! {
    /// A call that waits for a permit, by [`Op::limit`](super::Op::limit) or [`limit`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Limited<'a, F> {
        // Goes first: it runs under the permit to its end.
        #[pin]
        call: F,
        permit: Option<SemaphorePermit<'a>>,
        #[pin]
        acquire: Acquire<'a>,
    }
}

impl<R, E, F> Future for Limited<'_, F>
where
    F: Future<Output = Result<R, E>>,
    E: From<Refused>,
{
    type Output = Result<R, E>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<R, E>> {
        let this = self.project();
        if this.permit.is_none() {
            match this.acquire.poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(permit)) => *this.permit = Some(permit),
                Poll::Ready(Err(_)) => return Poll::Ready(Err(Refused::Closed.into())),
            }
        }
        let output = this.call.poll(cx);
        if output.is_ready() {
            *this.permit = None;
        }
        output
    }
}

pin_project! {
    /// A call that takes a permit, or goes, by [`Op::shed`](super::Op::shed) or [`shed`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Shedding<'a, F> {
        #[pin]
        call: F,
        permit: Option<SemaphorePermit<'a>>,
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
                Ok(permit) => *this.permit = Some(permit),
                Err(TryAcquireError::Closed) => return Poll::Ready(Err(Refused::Closed.into())),
                Err(TryAcquireError::NoPermits) => return Poll::Ready(Err(Refused::Full.into())),
            }
        }
        let output = this.call.poll(cx);
        if output.is_ready() {
            *this.permit = None;
        }
        output
    }
}

impl<F> fmt::Debug for Limited<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited").field("runs", &self.permit.is_some()).finish_non_exhaustive()
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

opaque! { Limit<C, S> Shed<C, S> }
