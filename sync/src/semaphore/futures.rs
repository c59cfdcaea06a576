//! The futures of a semaphore.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::{AcquireError, OwnedSemaphorePermit, Permits, Semaphore, SemaphorePermit};
use crate::raw::line::Wait;

pin_project! {
    /// The future of [`Semaphore::acquire`], [`acquire_many`](Semaphore::acquire_many) and
    /// [`acquire_all`](Semaphore::acquire_all).
    #[must_use = "futures do nothing unless polled"]
    pub struct Acquire<'a> {
        #[pin]
        pub(super) wait: Wait<&'a Semaphore, Permits>,
    }
}

pin_project! {
    /// The future of [`Semaphore::acquire_owned`] and
    /// [`acquire_many_owned`](Semaphore::acquire_many_owned).
    #[must_use = "futures do nothing unless polled"]
    pub struct AcquireOwned {
        #[pin]
        pub(super) wait: Wait<Arc<Semaphore>, Permits>,
    }
}

impl<'a> Future for Acquire<'a> {
    type Output = Result<SemaphorePermit<'a>, AcquireError>;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let permit = |turn| SemaphorePermit { turn };
        self.project().wait.poll_turn(cx).map(|turn| turn.map(permit).ok_or(AcquireError(())))
    }
}

impl Future for AcquireOwned {
    type Output = Result<OwnedSemaphorePermit, AcquireError>;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let permit = |turn| OwnedSemaphorePermit { turn };
        self.project().wait.poll_turn(cx).map(|turn| turn.map(permit).ok_or(AcquireError(())))
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").finish_non_exhaustive()
    }
}

impl fmt::Debug for AcquireOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireOwned").finish_non_exhaustive()
    }
}
