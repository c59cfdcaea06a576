//! One value, sent once.
//!
//! [`channel`] makes the two ends, of one allocation. [`Sender::send`] never waits; the
//! [`Receiver`] is a future.
//!
//! ```
//! # pollster::block_on(async {
//! use selvedge_channel::oneshot;
//!
//! let (tx, rx) = oneshot::channel();
//! tx.send("weft").unwrap();
//! assert_eq!(rx.await, Ok("weft"));
//!
//! let (tx, rx) = oneshot::channel::<u8>();
//! drop(tx);
//! assert!(rx.await.is_err());
//! # });
//! ```
// The state, with its picture and its invariants, is in raw/oneshot.rs.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use crate::raw::oneshot::{Nothing, Rx, Tx, pair};

use self::error::{RecvError, TryRecvError};

/// Makes the two ends of a channel for one value: the [module](self) shows them.
#[doc(alias = "asyncio.Future")]
#[inline]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = pair();
    (Sender { tx }, Receiver { rx })
}

/// The sending end. Dropping it ends the receiver.
///
/// # Memory ordering
///
/// Who receives sees everything that happened before the send, and before the drop of a sender that
/// sent nothing; who finds the channel closed sees everything that happened before the closing.
///
/// ```compile_fail
/// use selvedge_channel::oneshot::Sender;
///
/// // Invariant: a shorter borrow must not reach a receiver of longer ones.
/// fn shorten<'a>(tx: Sender<&'static str>) -> Sender<&'a str> {
///     tx
/// }
/// ```
///
/// # Examples
///
/// ```
/// use selvedge_channel::oneshot;
///
/// let (tx, rx) = oneshot::channel();
/// drop(rx);
/// // Whoever asked has gone: there is no need to work any more.
/// assert!(tx.is_closed());
/// assert_eq!(tx.send("weft"), Err("weft"));
/// ```
pub struct Sender<T> {
    tx: Tx<T>,
}

/// The receiving end: a future of the value.
///
/// # Cancel safety
///
/// A `&mut Receiver` is a future as well: dropping that loses nothing, and a later poll goes on.
/// Dropping the receiver closes the channel; a value that was sent goes with it.
///
/// # Panics
///
/// Panics if polled again after it was ready.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_channel::oneshot;
///
/// let (tx, mut rx) = oneshot::channel();
/// assert!(rx.try_recv().is_err());
/// tx.send(5).unwrap();
/// assert_eq!((&mut rx).await, Ok(5));
/// assert!(rx.is_terminated());
/// # });
/// ```
#[must_use = "futures do nothing unless polled, and a dropped receiver closes the channel"]
pub struct Receiver<T> {
    rx: Rx<T>,
}

impl<T> Sender<T> {
    /// Waits until the receiver is closed or dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes its waker back, and loses nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let (mut tx, rx) = selvedge_channel::oneshot::channel::<u8>();
    /// drop(rx);
    /// tx.closed().await;
    /// assert_eq!(tx.send(1), Err(1));
    /// # });
    /// ```
    pub fn closed(&mut self) -> Closed<'_, T> {
        Closed { tx: &mut self.tx }
    }

    /// As [`closed`](Self::closed), for a `poll` of one's own.
    ///
    /// The last waker stays with the sender until it is used or dropped.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::task::{Context, Waker};
    ///
    /// use selvedge_channel::oneshot;
    ///
    /// let (mut tx, rx) = oneshot::channel::<u8>();
    /// let cx = &mut Context::from_waker(Waker::noop());
    /// assert!(tx.poll_closed(cx).is_pending());
    /// drop(rx);
    /// assert!(tx.poll_closed(cx).is_ready());
    /// ```
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.tx.poll_closed(cx)
    }

    /// Sends the value. Never waits.
    ///
    /// `Ok` does not say that the value will be received: the receiver may be dropped with it.
    ///
    /// # Errors
    ///
    /// The value, if the receiver was closed or dropped before.
    #[doc(alias = "set_result")]
    #[inline]
    pub fn send(self, value: T) -> Result<(), T> {
        self.tx.send(value)
    }

    /// Whether the receiver is closed or dropped: a value would come back.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.tx.is_closed()
    }
}

impl<T> Receiver<T> {
    /// Takes no value from now on but one that was sent already.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, mut rx) = selvedge_channel::oneshot::channel();
    /// rx.close();
    /// assert_eq!(tx.send("late"), Err("late"));
    /// ```
    pub fn close(&mut self) {
        self.rx.close();
    }

    /// Parks the calling thread until there is an answer.
    ///
    /// # Errors
    ///
    /// If there will be no value: its sender is gone, or the receiver is closed.
    ///
    /// # Panics
    ///
    /// Panics if there was an answer before.
    #[cfg(any(feature = "std", selvedge_loom))]
    pub fn blocking_recv(self) -> Result<T, RecvError> {
        selvedge_sync::raw::block::block_on(self)
    }

    /// Takes the value, if it was sent.
    ///
    /// # Errors
    ///
    /// Says whether it may still come, or never will.
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        self.rx.try_recv().map_err(|nothing| match nothing {
            Nothing::Yet => TryRecvError::Empty,
            Nothing::Ever => TryRecvError::Closed,
        })
    }

    /// Whether there is no value to take: none was sent yet, or none will be, or it was taken.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rx.is_empty()
    }

    /// Whether there was an answer: polling again would panic.
    #[must_use]
    pub const fn is_terminated(&self) -> bool {
        self.rx.is_terminated()
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.rx.poll(cx) {
            Some(answer) => answer.map(|value| value.ok_or(RecvError(()))),
            None => polled_after_completion(),
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn polled_after_completion() -> ! {
    panic!("a oneshot receiver was polled after completion")
}

/// The future of [`Sender::closed`].
#[must_use = "futures do nothing unless polled"]
pub struct Closed<'a, T> {
    tx: &'a mut Tx<T>,
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.tx.poll_closed(cx)
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        // If the receiver has closed, the waker is on its way.
        let _ = self.tx.forget_waker();
    }
}

/// Why nothing was received from a [`oneshot`](super) channel.
pub mod error {
    use core::{error::Error, fmt};

    /// There will be no value: the sender is gone, or the [`Receiver`](super::Receiver) was closed.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct RecvError(pub(super) ());

    /// Why [`try_recv`](super::Receiver::try_recv) has no value.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum TryRecvError {
        /// There is none yet.
        Empty,
        /// There will be none, or it was taken.
        Closed,
    }

    impl fmt::Display for RecvError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the channel is closed")
        }
    }

    impl fmt::Display for TryRecvError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(match self {
                Self::Empty => "nothing was sent yet",
                Self::Closed => "the channel is closed",
            })
        }
    }

    impl Error for RecvError {}
    impl Error for TryRecvError {}
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("closed", &self.is_closed()).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("empty", &self.is_empty())
            .field("terminated", &self.is_terminated())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}
