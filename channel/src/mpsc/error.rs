//! Why something was not sent or received on an [`mpsc`](super) channel.

use core::fmt;

pub use crate::error::{SendError, TrySendError};

/// Why nothing was received without waiting: [`try_recv`](super::Receiver::try_recv).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is no message in the channel.
    Empty,
    /// The channel is closed, and empty. (tokio's name for it.)
    Disconnected,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the channel is empty",
            Self::Disconnected => "the channel is closed and empty",
        })
    }
}

impl core::error::Error for TryRecvError {}

/// Why nothing was sent in time; what was to be sent comes back.
///
/// # Examples
///
/// ```
/// use selvedge_channel::mpsc::error::SendTimeoutError;
///
/// // What `selvedge::SendTimeoutExt::send_timeout` ends with when it is late.
/// let late = SendTimeoutError::Timeout("weft");
/// assert_eq!(late.into_inner(), "weft");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// There was no place in the channel for so long.
    Timeout(T),
    /// The channel is closed.
    Closed(T),
}

impl<T> SendTimeoutError<T> {
    /// What was to be sent.
    pub fn into_inner(self) -> T {
        match self {
            Self::Timeout(value) | Self::Closed(value) => value,
        }
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "Timeout(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout(_) => "the channel was full for too long",
            Self::Closed(_) => "the channel is closed",
        })
    }
}

impl<T> core::error::Error for SendTimeoutError<T> {}
