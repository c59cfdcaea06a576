//! A cell whose value is made by the first who asks for it.
//!
//! # State
//!
//! A value that is written once, and the turn to make it ([`raw::once::Once`](Once)): those who
//! ask stand in line for the turn, and are sent away from there when there is a value.

use core::{fmt, future::Future};

use crate::raw::{
    line::{Answer, Primitive, Turn, Wait},
    once::{Make, Once},
    shim::const_in_build,
    signal::For,
};

pub(crate) use self::making::Making;
pub use self::{
    error::SetError,
    futures::{GetOrInit, GetOrTryInit, OnceCellWait},
};

mod error;
mod futures;
mod making;

/// A cell whose value is made once, by the first who asks for it.
///
/// Those who ask meanwhile wait in line. If the one who makes the value is cancelled, fails or
/// panics, the cell stays empty, and exactly one of them takes over, with its own initialiser.
///
/// # Memory ordering
///
/// Whoever sees the value sees everything that happened before it was set; whoever takes over sees
/// what those did who tried before.
///
/// # Panics in an initialiser
///
/// As if it had failed: the cell stays empty, and the next in line takes over.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::OnceCell;
///
/// static CONFIG: OnceCell<String> = OnceCell::new();
///
/// async fn config() -> &'static str {
///     CONFIG.get_or_init(|| async { "four shafts".to_owned() }).await
/// }
///
/// assert_eq!(config().await, "four shafts");
/// assert_eq!(CONFIG.get().unwrap(), "four shafts");
/// # });
/// ```
pub struct OnceCell<T> {
    once: Once<T>,
}

impl<T> OnceCell<T> {
    const_in_build! {
        /// An empty cell.
        #[must_use]
        pub fn new() -> Self {
            Self { once: Once::new("once cell", ()) }
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
        /// A cell with a value.
        #[must_use]
        pub fn const_new_with(value: T) -> Self {
            Self { once: Once::full("once cell", value, ()) }
        }
    }

    /// A cell with a value, if there is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_sync::{OnceCell, SetOnce};
    ///
    /// static MADE: OnceCell<u8> = OnceCell::const_new_with(7);
    /// static NOT_YET: OnceCell<u8> = OnceCell::const_new();
    ///
    /// assert_eq!((MADE.get(), NOT_YET.get()), (Some(&7), None));
    /// assert_eq!(OnceCell::new_with(Some("warp")).get(), Some(&"warp"));
    /// # static SET: SetOnce<u8> = SetOnce::const_new_with(7);
    /// # assert_eq!(SetOnce::new_with(SET.get().copied()).get(), Some(&7));
    /// ```
    #[must_use]
    pub fn new_with(value: Option<T>) -> Self {
        value.map_or_else(Self::new, Self::const_new_with)
    }

    /// Gets the value; makes it, if there is none and nobody is about to.
    ///
    /// An initialiser that asks the same cell waits for itself, for ever.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the initialiser, wherever it is, or gives up the place in line.
    /// The cell stays empty then, and the next in line takes over with its own initialiser.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    #[track_caller]
    pub fn get_or_init<F, Fut>(&self, init: F) -> GetOrInit<'_, T, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        GetOrInit { making: Making::new(&self.once, init) }
    }

    /// As [`get_or_init`](Self::get_or_init), with an initialiser that may fail.
    ///
    /// # Cancel safety
    ///
    /// As for [`get_or_init`](Self::get_or_init).
    ///
    /// # Errors
    ///
    /// The initialiser's error, which goes to whoever ran it and to nobody else. The next in line
    /// takes over.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(&self, init: F) -> GetOrTryInit<'_, T, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        GetOrTryInit { making: Making::new(&self.once, init) }
    }

    /// Waits until somebody else has set the value.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn wait(&self) -> OnceCellWait<'_, T> {
        OnceCellWait { wait: Wait::new(self.once.done(), For(())) }
    }

    /// Parks the calling thread until somebody else has set the value.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_wait(&self) -> &T {
        crate::raw::block::block_on(self.wait())
    }

    /// Sets the value.
    ///
    /// # Errors
    ///
    /// If there is one already, or somebody is about to make it; `value` comes back.
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        match Turn::try_take(&self.once, Make) {
            Ok(turn) => {
                Once::fill(turn, value);
                Ok(())
            }
            Err(Answer::Refused) => Err(SetError::AlreadyInitializedError(value)),
            Err(_) => Err(SetError::InitializingError(value)),
        }
    }

    /// The value, if there is one.
    #[inline]
    #[must_use]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn get(&self) -> Option<&T> {
        self.once.done().get()
    }

    /// The value, if there is one.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.once.done_mut().get_mut()
    }

    /// Whether there is a value.
    #[inline]
    #[must_use]
    pub fn initialized(&self) -> bool {
        self.once.done().is_set()
    }

    /// Unwraps the value.
    #[must_use]
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }

    /// Takes the value out: the cell is empty afterwards.
    pub fn take(&mut self) -> Option<T> {
        self.once.done_mut().take()
    }

    /// Who waits, and for what: a look that is old by the time it returns.
    #[must_use]
    pub fn statistics(&self) -> OnceCellStatistics {
        OnceCellStatistics {
            initialized: self.initialized(),
            initializing: self.once.is_busy(),
            waiting: self.once.makers() + self.once.done().waiters(),
        }
    }
}

/// What [`OnceCell::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OnceCellStatistics {
    /// Whether there was a value.
    pub initialized: bool,
    /// Whether somebody was about to make it.
    pub initializing: bool,
    /// How many tasks and threads stood in line.
    pub waiting: usize,
}

// SAFETY: the value stays where it is.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl<T> Primitive for OnceCell<T> {
    type Core = Once<T>;

    #[inline(always)]
    fn core(&self) -> &Once<T> {
        &self.once
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCell").field("value", &self.get()).finish()
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        Self::const_new_with(value)
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    fn clone(&self) -> Self {
        Self::new_with(self.get().cloned())
    }
}

impl<T: PartialEq> PartialEq for OnceCell<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get() == other.get()
    }
}

impl<T: Eq> Eq for OnceCell<T> {}
