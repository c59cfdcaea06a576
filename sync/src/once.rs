//! Something that is done once.
//!
//! # State
//!
//! A [`OnceCell`] of nothing.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::{
    once_cell::{GetOrInit, OnceCell, OnceCellWait},
    raw::shim::const_in_build,
};

/// Something that is done once, by the first who comes; the others wait until it is done.
///
/// If the one who does it is cancelled or panics, exactly one of the others takes over, with its
/// own closure.
///
/// # Memory ordering
///
/// Whoever finds it done sees everything that was done.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::Once;
///
/// static THREADED: Once = Once::new();
///
/// THREADED.call_once(|| async { println!("threading the loom") }).await;
/// THREADED.call_once(|| async { unreachable!() }).await;
/// assert!(THREADED.is_completed());
/// # });
/// ```
#[doc(alias = "sync.Once")]
pub struct Once {
    cell: OnceCell<()>,
}

impl Once {
    const_in_build! {
        /// Not done yet.
        #[must_use]
        pub fn new() -> Self {
            Self { cell: OnceCell::new() }
        }
    }

    /// Does it, if it is not done and nobody else is about to; else waits until it is.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops what it does, wherever that is, or gives up the place in line. The
    /// next in line takes over with its own closure.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    #[track_caller]
    pub fn call_once<F, Fut>(&self, f: F) -> CallOnce<'_, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = ()>,
    {
        CallOnce { init: self.cell.get_or_init(f) }
    }

    /// Waits until somebody else has done it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn wait(&self) -> OnceWait<'_> {
        OnceWait { wait: self.cell.wait() }
    }

    /// Parks the calling thread until somebody else has done it.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_wait(&self) {
        self.cell.blocking_wait();
    }

    /// Whether it is done.
    #[inline]
    #[must_use]
    pub fn is_completed(&self) -> bool {
        self.cell.initialized()
    }
}

pin_project! {
    /// The future of [`Once::call_once`].
    #[must_use = "futures do nothing unless polled"]
    pub struct CallOnce<'a, F, Fut> {
        #[pin]
        init: GetOrInit<'a, (), F, Fut>,
    }
}

pin_project! {
    /// The future of [`Once::wait`].
    #[must_use = "futures do nothing unless polled"]
    #[derive(Debug)]
    pub struct OnceWait<'a> {
        #[pin]
        wait: OnceCellWait<'a, ()>,
    }
}

impl<F, Fut> Future for CallOnce<'_, F, Fut>
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = ()>,
{
    type Output = ();

    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().init.poll(cx).map(|()| ())
    }
}

impl Future for OnceWait<'_> {
    type Output = ();

    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll(cx).map(|()| ())
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.cell.statistics();
        f.debug_struct("Once")
            .field("completed", &seen.initialized)
            .field("waiting", &seen.waiting)
            .finish()
    }
}

impl<F, Fut> fmt::Debug for CallOnce<'_, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOnce").finish_non_exhaustive()
    }
}

impl Default for Once {
    fn default() -> Self {
        Self::new()
    }
}
