//! The sending side.

use alloc::sync::Arc;
use core::fmt;

use super::{
    Channel, Closed, OwnedPermit, Permit, PermitIterator, Reserve, ReserveMany, ReserveOwned, Send,
    Statistics,
    error::{SendError, TrySendError},
};
use crate::raw::state::Why;

/// The sending side of a [`channel`](super::channel); cloned, it is one more sender.
///
/// When the last one goes, the receiver gets what is left, and then the end.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_channel::mpsc;
///
/// let (log, mut keeper) = mpsc::channel(1);
/// let other = log.clone();
/// log.send("started").await.unwrap();
/// // Full: whoever will not wait is told, and has the message still.
/// assert_eq!(other.try_send("busy").unwrap_err().into_inner(), "busy");
/// assert_eq!(keeper.recv().await, Some("started"));
/// // A place first, and then what goes there: nothing is lost if one is cancelled in between.
/// other.reserve().await.unwrap().send("stopped");
/// drop((log, other));
/// assert_eq!(keeper.recv().await, Some("stopped"));
/// assert_eq!(keeper.recv().await, None);
/// # });
/// ```
pub struct Sender<T> {
    pub(super) channel: Arc<Channel<T>>,
}

/// The sending side of an [`unbounded_channel`](super::unbounded_channel); cloned, it is one more
/// sender.
///
/// When the last one goes, the receiver gets what is left, and then the end.
///
/// # Examples
///
/// ```
/// use selvedge_channel::mpsc;
///
/// let (log, mut keeper) = mpsc::unbounded_channel();
/// // Never waits, so it may be sent from anywhere: from a `Drop`, or from code that is not async.
/// log.send("a line").unwrap();
/// assert_eq!(keeper.try_recv(), Ok("a line"));
/// drop(keeper);
/// assert_eq!(log.send("lost").unwrap_err().into_inner(), "lost");
/// ```
pub struct UnboundedSender<T> {
    pub(super) channel: Arc<Channel<T>>,
}

/// A [`Sender`] that does not keep the channel open.
///
/// # Examples
///
/// ```
/// use selvedge_channel::mpsc;
///
/// let (log, mut keeper) = mpsc::channel(8);
/// // The keeper may write, too, and does not keep its own channel open by that.
/// let own = log.downgrade();
/// own.upgrade().expect("others write").try_send("a line").unwrap();
/// drop(log);
/// assert!(own.upgrade().is_none());
/// assert_eq!(keeper.try_recv(), Ok("a line"));
/// assert!(keeper.try_recv().is_err());
/// ```
pub struct WeakSender<T> {
    channel: Arc<Channel<T>>,
}

/// An [`UnboundedSender`] that does not keep the channel open, as a [`WeakSender`] does not.
pub struct WeakUnboundedSender<T> {
    channel: Arc<Channel<T>>,
}

impl<T> Sender<T> {
    /// Sends a message, once there is a place for it.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before it was ready has sent nothing, and its message goes with it;
    /// the place it was called for goes to the next. To keep the message, [`reserve`](Self::reserve)
    /// a place first.
    ///
    /// # Errors
    ///
    /// The future ends with the message once the channel is closed.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    pub fn send(&self, message: T) -> Send<'_, T> {
        Send::new(self, message)
    }

    /// Parks the calling thread until the message is sent. It asks for no runtime, and minds none.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "send_blocking")]
    pub fn blocking_send(&self, message: T) -> Result<(), SendError<T>> {
        selvedge_sync::raw::block::block_on(self.send(message))
    }

    /// Waits for a place, and holds it for one message.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else: if it was called already,
    /// the next is.
    ///
    /// # Errors
    ///
    /// The future ends with [`SendError`] once the channel is closed.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn reserve(&self) -> Reserve<'_, T> {
        Reserve::new(self)
    }

    /// Waits for `n` places, all at once, and holds them for as many messages.
    ///
    /// # Cancel safety
    ///
    /// As for [`reserve`](Self::reserve): nothing is held while it waits, and those behind it that
    /// now fit are called at once.
    ///
    /// # Errors
    ///
    /// As for [`reserve`](Self::reserve), and if `n` is more than
    /// [`max_capacity`](Self::max_capacity).
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn reserve_many(&self, n: usize) -> ReserveMany<'_, T> {
        ReserveMany::new(self, n)
    }

    /// As [`reserve`](Self::reserve); the permit has the sender, and gives it back in the end.
    ///
    /// # Cancel safety
    ///
    /// As for [`reserve`](Self::reserve). The sender goes with the future.
    ///
    /// # Errors
    ///
    /// As for [`reserve`](Self::reserve).
    pub fn reserve_owned(self) -> ReserveOwned<T> {
        ReserveOwned::new(self)
    }

    /// Waits until the receiver is closed, or gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(&self.channel)
    }

    /// Sends a message if there is a place for it.
    ///
    /// # Errors
    ///
    /// The message comes back if the channel is full or closed.
    #[inline]
    pub fn try_send(&self, message: T) -> Result<(), TrySendError<T>> {
        self.channel.try_send(message).map_err(|back| match back {
            (message, Why::Full) => TrySendError::Full(message),
            (message, _) => TrySendError::Closed(message),
        })
    }

    /// Takes a place if there is one, and holds it for one message.
    ///
    /// # Errors
    ///
    /// Says whether the channel is full or closed.
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        self.try_hold(1).map(|()| Permit::new(&self.channel))
    }

    /// Takes `n` places if there are so many, and holds them for as many messages.
    ///
    /// # Errors
    ///
    /// Says whether the channel is full or closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_channel::mpsc;
    ///
    /// let (tx, mut rx) = mpsc::channel(4);
    /// for (permit, color) in tx.try_reserve_many(2).expect("there is room").zip(["red", "blue"]) {
    ///     permit.send(color);
    /// }
    /// tx.try_reserve().expect("there is room").send("green");
    /// let permit = tx.clone().try_reserve_owned().expect("there is room");
    /// assert!(permit.same_channel_as_sender(&tx) && permit.same_channel(&permit));
    /// assert!(tx.try_reserve().is_err());
    /// drop(permit);
    /// assert_eq!(rx.try_recv(), Ok("red"));
    /// ```
    pub fn try_reserve_many(&self, n: usize) -> Result<PermitIterator<'_, T>, TrySendError<()>> {
        self.try_hold(n).map(|()| PermitIterator::new(&self.channel, n))
    }

    /// As [`try_reserve`](Self::try_reserve); the permit has the sender, and gives it back in the
    /// end.
    ///
    /// # Errors
    ///
    /// The sender comes back; says whether the channel is full or closed.
    pub fn try_reserve_owned(self) -> Result<OwnedPermit<T>, TrySendError<Self>> {
        match self.try_hold(1) {
            Ok(()) => Ok(OwnedPermit::new(self)),
            Err(TrySendError::Full(())) => Err(TrySendError::Full(self)),
            Err(TrySendError::Closed(())) => Err(TrySendError::Closed(self)),
        }
    }

    fn try_hold(&self, n: usize) -> Result<(), TrySendError<()>> {
        self.channel.try_reserve(n).map_err(|is_closed| match is_closed {
            true => TrySendError::Closed(()),
            false => TrySendError::Full(()),
        })
    }

    /// How many places are free: neither taken nor held by a permit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.channel.state.with(|state| state.free())
    }

    /// How many places there are in all.
    #[must_use]
    pub fn max_capacity(&self) -> usize {
        self.channel.capacity()
    }

    /// A handle that does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender::new(self.channel.clone())
    }
}

impl<T> UnboundedSender<T> {
    /// Sends a message, at once.
    ///
    /// # Errors
    ///
    /// The message comes back if the channel is closed.
    #[inline]
    pub fn send(&self, message: T) -> Result<(), SendError<T>> {
        self.channel.try_send(message).map_err(|(message, _)| SendError(message))
    }

    /// Waits until the receiver is closed, or gone.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(&self.channel)
    }

    /// A handle that does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakUnboundedSender<T> {
        WeakUnboundedSender::new(self.channel.clone())
    }
}

/// What the senders of both kinds of channel have in common.
macro_rules! sender {
    ($sender:ident, $weak:ident) => {
        impl<T> $sender<T> {
            pub(super) fn new(channel: Arc<Channel<T>>) -> Self {
                Self { channel }
            }

            /// Whether the receiver is closed, or gone.
            #[must_use]
            pub fn is_closed(&self) -> bool {
                self.channel.state.with(|state| state.closed)
            }

            /// What is in the channel, and who waits: a look that is old by the time it returns.
            #[must_use]
            pub fn statistics(&self) -> Statistics {
                self.channel.statistics()
            }

            /// Whether both are of the same channel.
            #[must_use]
            pub fn same_channel(&self, other: &Self) -> bool {
                Arc::ptr_eq(&self.channel, &other.channel)
            }

            /// How many senders there are.
            #[must_use]
            pub fn strong_count(&self) -> usize {
                self.channel.state.with(|state| state.senders as usize)
            }

            /// How many weak senders there are.
            #[must_use]
            pub fn weak_count(&self) -> usize {
                self.channel.state.with(|state| state.readers.weak as usize)
            }
        }

        impl<T> Clone for $sender<T> {
            fn clone(&self) -> Self {
                self.channel.state.with(|state| state.add_sender());
                Self { channel: self.channel.clone() }
            }
        }

        impl<T> Drop for $sender<T> {
            fn drop(&mut self) {
                self.channel.drop_sender();
            }
        }

        impl<T> fmt::Debug for $sender<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($sender))
                    .field("closed", &self.is_closed())
                    .finish_non_exhaustive()
            }
        }

        impl<T> $weak<T> {
            fn new(channel: Arc<Channel<T>>) -> Self {
                channel.add_weak();
                Self { channel }
            }

            /// A sender, if there is one still.
            #[must_use]
            pub fn upgrade(&self) -> Option<$sender<T>> {
                let is_open = self.channel.state.with(|state| {
                    let is_open = state.senders > 0;
                    if is_open {
                        state.add_sender();
                    }
                    is_open
                });
                is_open.then(|| $sender::new(self.channel.clone()))
            }

            /// How many senders there are.
            #[must_use]
            pub fn strong_count(&self) -> usize {
                self.channel.state.with(|state| state.senders as usize)
            }

            /// How many weak senders there are.
            #[must_use]
            pub fn weak_count(&self) -> usize {
                self.channel.state.with(|state| state.readers.weak as usize)
            }
        }

        impl<T> Clone for $weak<T> {
            fn clone(&self) -> Self {
                Self::new(self.channel.clone())
            }
        }

        impl<T> Drop for $weak<T> {
            fn drop(&mut self) {
                self.channel.drop_weak();
            }
        }

        impl<T> fmt::Debug for $weak<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($weak)).finish_non_exhaustive()
            }
        }
    };
}

sender! { Sender, WeakSender }
sender! { UnboundedSender, WeakUnboundedSender }
