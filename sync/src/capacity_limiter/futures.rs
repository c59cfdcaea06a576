//! The futures of a limiter.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use super::{
    AlreadyBorrowed, CapacityLimiter, CapacityToken, OwnedCapacityToken,
    claim::{Claim, Step},
};
use crate::{raw::line::Wait, semaphore::Permits};

pin_project! {
    /// The future of [`CapacityLimiter::acquire`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct AcquireToken<'a> {
        #[pin]
        pub(super) wait: Wait<&'a CapacityLimiter, Permits>,
    }
}

pin_project! {
    /// The future of [`CapacityLimiter::acquire_owned`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct AcquireTokenOwned {
        #[pin]
        pub(super) wait: Wait<Arc<CapacityLimiter>, Permits>,
    }
}

pin_project! {
    /// The future of [`CapacityLimiter::acquire_on_behalf_of`].
    #[must_use = "futures do nothing unless polled"]
    pub struct AcquireOnBehalfOf<'a> {
        pub(super) claim: Claim<'a>,
        #[pin]
        pub(super) wait: Wait<&'a CapacityLimiter, Permits>,
    }
}

impl<'a> Future for AcquireToken<'a> {
    type Output = CapacityToken<'a>;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let token = |turn: Option<_>| CapacityToken { turn: turn.expect("never closed") };
        self.project().wait.poll_turn(cx).map(token)
    }
}

impl Future for AcquireTokenOwned {
    type Output = OwnedCapacityToken;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let token = |turn: Option<_>| OwnedCapacityToken { turn: turn.expect("never closed") };
        self.project().wait.poll_turn(cx).map(token)
    }
}

impl Future for AcquireOnBehalfOf<'_> {
    type Output = Result<(), AlreadyBorrowed>;

    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.claim.step {
            Step::New => {
                if let Err(error) = this.claim.make() {
                    return Poll::Ready(Err(error));
                }
            }
            Step::Noted => {}
            Step::Over => panic!("a future was polled after completion"),
        }
        let turn = ready!(this.wait.poll_turn(cx)).expect("never closed");
        this.claim.keep(turn);
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for AcquireOnBehalfOf<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcquireOnBehalfOf")
            .field("borrower", &self.claim.borrower)
            .finish_non_exhaustive()
    }
}
