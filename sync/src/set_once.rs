//! A cell that is set once, and waited for.
//!
//! # State
//!
//! A value that is written once ([`Done`]).

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
    shim::const_in_build,
    signal::For,
};

/// A cell whose value comes from somewhere else, once: tasks wait until it is set.
///
/// Where those who ask make the value themselves, [`OnceCell`](crate::OnceCell) is the one.
///
/// # Memory ordering
///
/// Whoever sees the value sees everything that happened before it was set.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::SetOnce;
///
/// static ADDRESS: SetOnce<&str> = SetOnce::new();
///
/// let thread = std::thread::spawn(|| ADDRESS.set("localhost:80"));
/// assert_eq!(*ADDRESS.wait().await, "localhost:80");
/// assert_eq!(ADDRESS.set("elsewhere").unwrap_err().0, "elsewhere");
/// # thread.join().unwrap().unwrap();
/// # });
/// ```
pub struct SetOnce<T> {
    done: Done<T>,
}

impl<T> SetOnce<T> {
    const_in_build! {
        /// An empty cell.
        #[must_use]
        pub fn new() -> Self {
            Self { done: Done::new("set once") }
        }
    }

    const_in_build! {
        /// As [`new`](Self::new), under tokio's name for it.
        #[must_use]
        pub fn const_new() -> Self {
            Self::new()
        }
    }

    const_in_build! {
        /// A cell that is set already.
        #[must_use]
        pub fn const_new_with(value: T) -> Self {
            Self { done: Done::full("set once", value) }
        }
    }

    /// A cell with a value, if there is one.
    #[must_use]
    pub fn new_with(value: Option<T>) -> Self {
        value.map_or_else(Self::new, Self::const_new_with)
    }

    /// Waits for the value.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn wait(&self) -> SetOnceWait<'_, T> {
        SetOnceWait { wait: Wait::new(&self.done, For(())) }
    }

    /// Parks the calling thread until there is a value.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_wait(&self) -> &T {
        crate::raw::block::block_on(self.wait())
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// If there is one already; `value` comes back.
    pub fn set(&self, value: T) -> Result<(), SetOnceError<T>> {
        self.done.set(value).map_err(SetOnceError)
    }

    /// The value, if it is set.
    #[inline]
    #[must_use]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn get(&self) -> Option<&T> {
        self.done.get()
    }

    /// Whether the value is set.
    #[inline]
    #[must_use]
    pub fn initialized(&self) -> bool {
        self.done.is_set()
    }

    /// Unwraps the value.
    #[must_use]
    pub fn into_inner(mut self) -> Option<T> {
        self.done.take()
    }

    /// How many wait for the value: a look that is old by the time it returns.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.done.waiters()
    }
}

pin_project! {
    /// The future of [`SetOnce::wait`].
    #[must_use = "futures do nothing unless polled"]
    pub struct SetOnceWait<'a, T> {
        #[pin]
        wait: Wait<&'a Done<T>, For<()>>,
    }
}

impl<'a, T> Future for SetOnceWait<'a, T> {
    type Output = &'a T;

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<&'a T> {
        self.project().wait.poll_turn(cx).map(|turn| {
            let done: &'a Done<T> = turn.map(Turn::into_handle).expect("never abandoned");
            done.get().expect("the wait is over once it is set")
        })
    }
}

/// There was a value already; this one comes back.
///
/// # Examples
///
/// ```
/// use selvedge_sync::{SetOnce, SetOnceError};
///
/// let address = SetOnce::new();
/// assert_eq!(address.set("127.0.0.1:80"), Ok(()));
/// assert_eq!(address.set("127.0.0.1:81"), Err(SetOnceError("127.0.0.1:81")));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetOnceError<T>(pub T);

impl<T> fmt::Display for SetOnceError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the cell is set already")
    }
}

impl<T: fmt::Debug> core::error::Error for SetOnceError<T> {}

impl<T: fmt::Debug> fmt::Debug for SetOnce<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetOnce").field("value", &self.get()).finish()
    }
}

impl<T> fmt::Debug for SetOnceWait<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SetOnceWait").finish_non_exhaustive()
    }
}

impl<T> Default for SetOnce<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for SetOnce<T> {
    fn from(value: T) -> Self {
        Self::const_new_with(value)
    }
}

impl<T: Clone> Clone for SetOnce<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for SetOnce<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for SetOnce<T> {}
