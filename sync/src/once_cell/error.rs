//! Why a cell was not set.

use core::fmt;

/// Why [`OnceCell::set`](super::OnceCell::set) did not; the value comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetError<T> {
    /// There was a value already.
    AlreadyInitializedError(T),
    /// Somebody was about to make one.
    InitializingError(T),
}

impl<T> SetError<T> {
    /// Whether there was a value already.
    #[must_use]
    pub fn is_already_init_err(&self) -> bool {
        matches!(self, Self::AlreadyInitializedError(_))
    }

    /// Whether somebody was about to make one.
    #[must_use]
    pub fn is_initializing_err(&self) -> bool {
        matches!(self, Self::InitializingError(_))
    }
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AlreadyInitializedError(_) => "the cell is set already",
            Self::InitializingError(_) => "the cell is being set",
        })
    }
}

impl<T: fmt::Debug> core::error::Error for SetError<T> {}
