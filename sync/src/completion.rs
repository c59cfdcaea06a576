//! A completion: one writes a value, or goes without; many see which.
//!
//! # State
//!
//! A value that is written once ([`Done`]), shared by an [`Arc`].

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::raw::{
    line::{Turn, Wait},
    once::Done,
    shim,
    signal::For,
};

/// What will come of something: a value that is written once and observed by many.
///
/// Its clones observe the same. The [`Completer`] that is made with it writes the value; should it
/// go without doing so, all observers are told that it was [`Abandoned`].
///
/// # Memory ordering
///
/// Whoever sees the outcome sees everything that happened before it was written, or before the
/// [`Completer`] was dropped.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::{Abandoned, Completion};
///
/// let (completer, outcome) = Completion::new();
/// let other = outcome.clone();
/// std::thread::spawn(move || completer.complete("woven"));
/// assert_eq!(outcome.wait().await, Ok(&"woven"));
/// assert_eq!(other.wait().await, Ok(&"woven"));
///
/// let (completer, outcome) = Completion::<u8>::new();
/// drop(completer);
/// assert_eq!(outcome.wait().await, Err(Abandoned));
/// # });
/// ```
#[doc(alias = "asyncio.Future")]
pub struct Completion<T> {
    done: Arc<Done<T>>,
}

/// Writes the value of a [`Completion`], or abandons it when dropped.
#[must_use = "dropping it abandons the completion"]
pub struct Completer<T> {
    done: Arc<Done<T>>,
}

/// The [`Completer`] went without writing a value.
///
/// # Examples
///
/// ```
/// use selvedge_sync::{Abandoned, Completion};
///
/// # pollster::block_on(async {
/// let (writer, reader) = Completion::<u32>::new();
/// // As a thread does that panics: nobody waits for ever.
/// drop(writer);
/// assert_eq!(reader.wait().await, Err(Abandoned));
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abandoned;

impl<T> Completion<T> {
    /// A completion, and what writes its value.
    pub fn new() -> (Completer<T>, Self) {
        let done = Arc::new(Done::new("completion"));
        (Completer { done: Arc::clone(&done) }, Self { done })
    }

    /// Waits for the outcome.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else.
    ///
    /// # Errors
    ///
    /// The future ends with [`Abandoned`] if the [`Completer`] went without writing a value.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn wait(&self) -> CompletionWait<'_, T> {
        CompletionWait { done: &self.done, wait: Wait::new(&*self.done, For(())) }
    }

    /// Parks the calling thread until there is an outcome.
    ///
    /// # Errors
    ///
    /// As for [`wait`](Self::wait).
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_wait(&self) -> Result<&T, Abandoned> {
        crate::raw::block::block_on(self.wait())
    }

    /// The outcome, if there is one by now.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_sync::Completion;
    ///
    /// let (completer, completion) = Completion::new();
    /// assert_eq!(completion.peek(), None);
    /// completer.complete(7);
    /// assert_eq!(completion.peek(), Some(Ok(&7)));
    /// ```
    #[must_use]
    pub fn peek(&self) -> Option<Result<&T, Abandoned>> {
        self.done.outcome().map(|value| value.ok_or(Abandoned))
    }

    /// How many tasks and threads stand in line: a look that is old by the time it returns.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.done.waiters()
    }
}

impl<T> Completer<T> {
    /// Writes the value, for all observers to see.
    pub fn complete(self, value: T) {
        // Nobody else writes, so it is not refused; if it were, it would be dropped here.
        drop(self.done.set(value));
    }
}

impl<T> Drop for Completer<T> {
    fn drop(&mut self) {
        if !shim::doomed() {
            self.done.abandon();
        }
    }
}

pin_project! {
    /// The future of [`Completion::wait`].
    #[must_use = "futures do nothing unless polled"]
    pub struct CompletionWait<'a, T> {
        done: &'a Done<T>,
        #[pin]
        wait: Wait<&'a Done<T>, For<()>>,
    }
}

impl<'a, T> Future for CompletionWait<'a, T> {
    type Output = Result<&'a T, Abandoned>;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let done = *this.done;
        this.wait.poll_turn(cx).map(|turn| {
            let _ = turn.map(Turn::into_handle);
            done.outcome().flatten().ok_or(Abandoned)
        })
    }
}

impl<T> Clone for Completion<T> {
    fn clone(&self) -> Self {
        Self { done: Arc::clone(&self.done) }
    }
}

impl fmt::Display for Abandoned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the completion was abandoned")
    }
}

impl core::error::Error for Abandoned {}

impl<T: fmt::Debug> fmt::Debug for Completion<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completion")
            .field("outcome", &self.peek())
            .field("waiting", &self.done.waiters())
            .finish()
    }
}

impl<T> fmt::Debug for Completer<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Completer").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for CompletionWait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompletionWait").finish_non_exhaustive()
    }
}
