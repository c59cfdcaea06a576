//! Why nothing was received.

use core::fmt;

/// The channel is closed, and empty: [`recv`](super::Receiver::recv) has no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecvError;

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel is closed and empty")
    }
}

impl core::error::Error for RecvError {}

/// Why nothing was received without waiting: [`try_recv`](super::Receiver::try_recv).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is no message in the channel, or others wait for one who may not be overtaken.
    Empty,
    /// The channel is closed, and empty.
    Closed,
}

impl TryRecvError {
    /// Whether there may be a message later.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::Empty
    }

    /// Whether there will be no message any more.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        *self == Self::Closed
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the channel is empty",
            Self::Closed => "the channel is closed and empty",
        })
    }
}

impl core::error::Error for TryRecvError {}
