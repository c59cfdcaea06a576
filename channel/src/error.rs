//! Errors that more than one channel returns.

use core::fmt;

/// The channel is closed; what was to be sent comes back.
///
/// # Examples
///
/// ```
/// use selvedge_channel::mpsc;
///
/// let (tx, rx) = mpsc::unbounded_channel();
/// drop(rx);
/// let error = tx.send(String::from("weft")).unwrap_err();
/// assert_eq!(error.to_string(), "the channel is closed");
/// assert_eq!(error.into_inner(), "weft");
/// ```
#[derive(PartialEq, Eq, Clone, Copy)]
pub struct SendError<T>(pub T);

impl<T> SendError<T> {
    /// What was to be sent.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the channel is closed")
    }
}

impl<T> core::error::Error for SendError<T> {}

/// Why nothing was sent without waiting; what was to be sent comes back.
///
/// # Examples
///
/// ```
/// use selvedge_channel::mpsc;
///
/// let (tx, rx) = mpsc::channel(1);
/// tx.try_send("warp").unwrap();
/// // Full is for now, closed is for ever; either way the message is not lost.
/// let error = tx.try_send("weft").unwrap_err();
/// assert!(error.is_full());
/// assert_eq!(error.into_inner(), "weft");
/// drop(rx);
/// assert!(tx.try_send("weft").unwrap_err().is_closed());
/// ```
#[derive(PartialEq, Eq, Clone, Copy)]
pub enum TrySendError<T> {
    /// There is no place in the channel, or others wait for one who may not be overtaken.
    Full(T),
    /// The channel is closed.
    Closed(T),
}

impl<T> TrySendError<T> {
    /// What was to be sent.
    pub fn into_inner(self) -> T {
        match self {
            Self::Full(value) | Self::Closed(value) => value,
        }
    }

    /// Whether the channel was full.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the channel is closed.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
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

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the channel is full",
            Self::Closed(_) => "the channel is closed",
        })
    }
}

impl<T> core::error::Error for TrySendError<T> {}

impl<T> From<SendError<T>> for TrySendError<T> {
    fn from(SendError(value): SendError<T>) -> Self {
        Self::Closed(value)
    }
}
