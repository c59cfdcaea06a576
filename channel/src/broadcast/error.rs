//! Why a message was not sent, or none was received, on a [broadcast channel](super).

use core::{error::Error, fmt};

/// The message comes back: there is no receiver, or no room for it. See
/// [`Sender::send`](super::Sender::send).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendError<T>(pub T);

/// Why [`try_broadcast`](super::Sender::try_broadcast) gives the message back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TrySendError<T> {
    /// The slowest receiver is the capacity behind.
    Full(T),
    /// There is no receiver.
    Closed(T),
}

/// Why [`recv`](super::Receiver::recv) has no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// Every sender is gone, and every message was received.
    Closed,
    /// So many messages were overtaken; the next `recv` goes on with the oldest that is kept.
    Lagged(u64),
}

/// Why [`try_recv`](super::Receiver::try_recv) has no message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// There is none now.
    Empty,
    /// Every sender is gone, and every message was received.
    Closed,
    /// So many messages were overtaken; the next `try_recv` goes on with the oldest that is kept.
    Lagged(u64),
}

/// What a [stream](super::Receiver::into_stream) yields in the place of so many messages that were
/// overtaken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lagged(pub u64);

impl<T> TrySendError<T> {
    /// The message.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(message) | Self::Closed(message) => message,
        }
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel is closed, or full")
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the channel is full",
            Self::Closed(_) => "the channel is closed",
        })
    }
}

fn lagged(count: u64, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "the receiver missed {count} messages")
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the channel is closed"),
            Self::Lagged(count) => lagged(*count, f),
        }
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is no message"),
            Self::Closed => f.write_str("the channel is closed"),
            Self::Lagged(count) => lagged(*count, f),
        }
    }
}

impl fmt::Display for Lagged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        lagged(self.0, f)
    }
}

impl<T: fmt::Debug> Error for SendError<T> {}
impl<T> Error for TrySendError<T> {}
impl Error for RecvError {}
impl Error for TryRecvError {}
impl Error for Lagged {}
