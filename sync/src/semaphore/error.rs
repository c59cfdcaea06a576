//! Why there is no permit.

use core::fmt;

#[cfg(doc)]
use super::Semaphore;
use super::turns::Ask;
use crate::raw::line::Answer;

/// The semaphore is [closed](Semaphore::close).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AcquireError(pub(crate) ());

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the semaphore is closed")
    }
}

impl core::error::Error for AcquireError {}

/// Why [`Semaphore::try_acquire`] and its like got nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryAcquireError {
    /// The semaphore is [closed](Semaphore::close).
    Closed,
    /// There are too few permits on hand, or somebody waits for them.
    NoPermits,
}

impl From<Answer<Ask>> for TryAcquireError {
    fn from(answer: Answer<Ask>) -> Self {
        match answer {
            Answer::Refused => Self::Closed,
            _ => Self::NoPermits,
        }
    }
}

impl fmt::Display for TryAcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Closed => "the semaphore is closed",
            Self::NoPermits => "the semaphore has no permits to give",
        })
    }
}

impl core::error::Error for TryAcquireError {}
