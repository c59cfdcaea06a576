//! What can become of tasks and groups.
#![expect(unsafe_code, reason = "a panic is shared by its message alone")]

use alloc::{borrow::Cow, boxed::Box, string::String};
use core::{any::Any, error::Error, fmt};

#[cfg(feature = "scope")]
pub(crate) mod group;

/// A panic, as a value.
///
/// # Examples
///
/// ```
/// use selvedge_context::{JoinError, Threads, spawn_on};
///
/// let handle = spawn_on(&Threads, async { panic!("the thread is torn") });
/// let Err(JoinError::Panicked(panic)) = pollster::block_on(handle) else { unreachable!() };
/// assert_eq!(panic.message(), Some("the thread is torn"));
/// ```
pub struct Panic {
    payload: Box<dyn Any + Send>,
    message: Option<Cow<'static, str>>,
}

// SAFETY: a shared panic gives access to its message alone: `payload` is reached by value only.
unsafe impl Sync for Panic {}

impl Panic {
    /// Of what `catch_unwind` returned.
    #[must_use]
    pub fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = match payload.downcast_ref::<&'static str>() {
            Some(text) => Some(Cow::Borrowed(*text)),
            None => payload.downcast_ref::<String>().map(|text| Cow::Owned(text.clone())),
        };
        Self { payload, message }
    }

    /// What it says, if it says something.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// What was panicked with.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_context::{JoinError, Threads, spawn_on};
    ///
    /// #[derive(Debug, PartialEq)]
    /// struct Torn(u32);
    ///
    /// let handle = spawn_on(&Threads, async { std::panic::panic_any(Torn(7)) });
    /// let Err(JoinError::Panicked(panic)) = pollster::block_on(handle) else { unreachable!() };
    /// // It is no text, so there is no message; whoever knows the type gets the value.
    /// assert_eq!(panic.message(), None);
    /// assert_eq!(*panic.into_payload().downcast::<Torn>().unwrap(), Torn(7));
    /// ```
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload
    }

    /// Goes on panicking, here.
    ///
    /// # Panics
    ///
    /// Always.
    #[cfg(feature = "std")]
    pub fn resume(self) -> ! {
        std::panic::resume_unwind(self.payload)
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.message).finish()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.message() {
            Some(message) => write!(f, "panicked: {message}"),
            None => f.write_str("panicked"),
        }
    }
}

impl Error for Panic {}

/// Why a task has no output.
///
/// # Examples
///
/// ```
/// use selvedge_context::{JoinError, Threads, spawn_on};
///
/// let task = spawn_on(&Threads, std::future::pending::<()>());
/// task.abort();
/// match pollster::block_on(task) {
///     Err(JoinError::Aborted) => {}
///     Err(JoinError::Panicked(panic)) => panic.resume(),
///     other => panic!("{other:?}"),
/// }
/// ```
#[derive(Debug)]
pub enum JoinError {
    /// It was aborted.
    Aborted,
    /// It panicked.
    Panicked(Panic),
    /// Its executor dropped it, or never took it.
    Lost,
}

impl JoinError {
    /// Whether the task was aborted.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        matches!(self, Self::Aborted)
    }

    /// Whether the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aborted => f.write_str("the task was aborted"),
            Self::Panicked(panic) => write!(f, "the task {panic}"),
            Self::Lost => f.write_str("the task was dropped by its executor"),
        }
    }
}

impl Error for JoinError {}

/// Nothing can run with a limit of 0.
///
/// # Examples
///
/// ```
/// use selvedge_context::{TaskGroup, Threads, ZeroLimit};
///
/// // From a configuration, say: an error, since a group that waits for ever helps nobody.
/// let group = TaskGroup::<_, ()>::new(Threads).limit(0);
/// assert_eq!(group.err(), Some(ZeroLimit));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ZeroLimit;

impl fmt::Display for ZeroLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("with a limit of 0 nothing can run")
    }
}

impl Error for ZeroLimit {}
