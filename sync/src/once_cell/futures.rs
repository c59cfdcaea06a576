//! The futures of a cell.

use core::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use super::making::Making;
use crate::raw::{
    line::{Turn, Wait},
    once::{Done, Once},
    signal::For,
};

pin_project! {
    /// The future of [`OnceCell::get_or_init`](super::OnceCell::get_or_init).
    #[must_use = "futures do nothing unless polled"]
    pub struct GetOrInit<'a, T, F, Fut> {
        #[pin]
        pub(super) making: Making<&'a Once<T>, F, Fut>,
    }
}

pin_project! {
    /// The future of [`OnceCell::get_or_try_init`](super::OnceCell::get_or_try_init).
    #[must_use = "futures do nothing unless polled"]
    pub struct GetOrTryInit<'a, T, F, Fut> {
        #[pin]
        pub(super) making: Making<&'a Once<T>, F, Fut>,
    }
}

pin_project! {
    /// The future of [`OnceCell::wait`](super::OnceCell::wait).
    #[must_use = "futures do nothing unless polled"]
    pub struct OnceCellWait<'a, T> {
        #[pin]
        pub(super) wait: Wait<&'a Done<T>, For<()>>,
    }
}

impl<'a, T, F, Fut> Future for GetOrInit<'a, T, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = T>,
{
    type Output = &'a T;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'a T> {
        let mut this = self.project();
        if let Some(value) = this.making.as_mut().poll_there() {
            return Poll::Ready(value);
        }
        this.making.poll_made::<Infallible>(cx, Ok).map(|made| match made {
            Ok(once) => once.done().get().expect("it is made"),
            Err(never) => match never {},
        })
    }
}

impl<'a, T, E, F, Fut> Future for GetOrTryInit<'a, T, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    type Output = Result<&'a T, E>;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(value) = this.making.as_mut().poll_there() {
            return Poll::Ready(Ok(value));
        }
        let made = ready!(this.making.poll_made(cx, |made| made));
        Poll::Ready(made.map(|once| once.done().get().expect("it is made")))
    }
}

impl<'a, T> Future for OnceCellWait<'a, T> {
    type Output = &'a T;

    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'a T> {
        self.project().wait.poll_turn(cx).map(|turn| {
            let done: &'a Done<T> = turn.map(Turn::into_handle).expect("never abandoned");
            done.get().expect("the wait is over once it is set")
        })
    }
}

impl<T, F, Fut> fmt::Debug for GetOrInit<'_, T, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetOrInit").finish_non_exhaustive()
    }
}

impl<T, F, Fut> fmt::Debug for GetOrTryInit<'_, T, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetOrTryInit").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for OnceCellWait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCellWait").finish_non_exhaustive()
    }
}
