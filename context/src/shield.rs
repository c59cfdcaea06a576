//! A future that the caller's cancellation does not reach.

use alloc::string::String;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{Closing, Outcome, Reap};

/// Runs `future` here, and to its end in any case: if the caller is cancelled, in `reaper`.
///
/// It goes on from where it was, also if it was never polled; its output is dropped then.
///
/// # Cancel safety
///
/// Dropping the shield hands `future` to `reaper`. Nothing of it is lost but the output.
///
/// # Panics
///
/// Passes a panic of `future` on. The future panics if polled after completion.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::{CancellationToken, Reaper, shield};
///
/// let (reaper, stop) = (Reaper::new(), CancellationToken::new());
/// let committed = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
/// let commit = {
///     let committed = committed.clone();
///     async move { committed.store(true, std::sync::atomic::Ordering::Relaxed) }
/// };
/// stop.cancel();
/// assert!(stop.run_until_cancelled(shield(&reaper, commit)).await.is_none());
/// reaper.drain().await;
/// assert!(committed.load(std::sync::atomic::Ordering::Relaxed));
/// # });
/// ```
#[doc(alias = "asyncio.shield")]
pub fn shield<F: Future, P: Reap<Shielded<F>>>(reaper: P, future: F) -> Shield<F, P> {
    Shield { closing: Closing::new(Shielded { future }, reaper) }
}

/// The future of [`shield`].
#[must_use = "dropping it leaves the future to its reaper"]
pub struct Shield<F: Future, P: Reap<Shielded<F>>> {
    closing: Closing<Shielded<F>, P>,
}

impl<F: Future, P: Reap<Shielded<F>>> Future for Shield<F, P> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        Pin::new(&mut self.closing).poll(cx).map(|Finished(output)| output)
    }
}

pin_project! {
    /// A future in its [`shield`]: what a reaper gets.
    #[must_use = "futures do nothing unless polled"]
    pub struct Shielded<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Shielded<F> {
    type Output = Finished<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(Finished)
    }
}

/// The output of a [`Shielded`] future, in a [`shield`]; a reaper drops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished<T>(pub T);

impl<T> Outcome for Finished<T> {
    fn failure(self) -> Option<String> {
        None
    }
}

impl<F: Future, P: Reap<Shielded<F>>> fmt::Debug for Shield<F, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shield").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Shielded<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shielded").finish_non_exhaustive()
    }
}
