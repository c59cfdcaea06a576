//! The sending side.

use alloc::sync::Arc;
use core::{fmt, sync::atomic::Ordering::Relaxed};

use selvedge_sync::raw::shim::doomed;

use super::{
    Broadcast, Closed, Overflow, Receiver,
    error::{SendError, TrySendError},
    shared::{Pushed, Shared},
};

/// The sending end; it can be cloned.
///
/// # Memory ordering
///
/// Whoever receives a message sees everything that happened before it was sent.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_channel::broadcast;
///
/// let (desk, mut reader) = broadcast::channel(8);
/// let night_desk = desk.clone();
/// assert_eq!(desk.send("rain")?, 1, "one receiver has it");
/// night_desk.send("snow")?;
/// drop((desk, night_desk));
/// assert_eq!(reader.recv().await, Ok("rain"));
/// assert_eq!(reader.recv().await, Ok("snow"));
/// assert!(reader.recv().await.is_err(), "the last sender is gone, and all was received");
/// # Ok::<(), broadcast::error::SendError<&str>>(())
/// # }).unwrap();
/// ```
pub struct Sender<T> {
    pub(super) shared: Arc<Shared<T>>,
}

/// A sending end that does not keep the channel open.
///
/// # Examples
///
/// ```
/// use selvedge_channel::broadcast;
///
/// let (desk, _reader) = broadcast::channel::<u8>(8);
/// // For whoever may have something to say, and shall keep nobody waiting for it.
/// let column = desk.downgrade();
/// assert!(column.upgrade().is_some_and(|desk| desk.send(7).is_ok()));
/// drop(desk);
/// assert!(column.upgrade().is_none());
/// ```
pub struct WeakSender<T> {
    pub(super) shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// As [`channel`](super::channel), without a receiver.
    ///
    /// # Panics
    ///
    /// As [`channel`](super::channel).
    #[must_use]
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Self::with_overflow(capacity, Overflow::DropOldest)
    }

    /// As [`with_overflow`](super::with_overflow), without a receiver.
    ///
    /// # Panics
    ///
    /// As [`channel`](super::channel).
    #[must_use]
    #[track_caller]
    pub fn with_overflow(capacity: usize, overflow: Overflow) -> Self {
        Self { shared: Arc::new(Shared::new(capacity, overflow)) }
    }

    /// Sends a message to every receiver. How many there are. Never waits.
    ///
    /// # Errors
    ///
    /// The message, if there is no receiver; or if there is no room for it and the policy is
    /// [`Overflow::Wait`]. If the policy lets it go, it is sent to 0 receivers.
    #[inline]
    pub fn send(&self, message: T) -> Result<usize, SendError<T>> {
        match self.shared.push(message) {
            Pushed::Sent(receivers, displaced) => {
                drop(displaced);
                Ok(receivers)
            }
            Pushed::Dropped(message) => {
                drop(message);
                Ok(0)
            }
            Pushed::Full(message) | Pushed::Closed(message) => Err(SendError(message)),
        }
    }

    /// Sends a message to every receiver; waits while there is no room for it, if the policy is
    /// [`Overflow::Wait`]. Returns the message that had to go for it, if one had to and nobody was
    /// just reading it.
    ///
    /// Senders that wait get in in the order of their first polls.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and the message with it: it is not sent.
    ///
    /// # Errors
    ///
    /// The future ends with the message if there is no receiver.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[doc(alias = "send_async")]
    pub fn broadcast(&self, message: T) -> Broadcast<'_, T> {
        Broadcast::new(&self.shared, message)
    }

    /// As [`broadcast`](Self::broadcast), and does not wait.
    ///
    /// # Errors
    ///
    /// The message, and whether there is no receiver or no room.
    #[doc(alias = "try_send")]
    pub fn try_broadcast(&self, message: T) -> Result<Option<T>, TrySendError<T>> {
        match self.shared.push(message) {
            Pushed::Sent(_, displaced) => Ok(displaced),
            Pushed::Dropped(message) => Ok(Some(message)),
            Pushed::Full(message) => Err(TrySendError::Full(message)),
            Pushed::Closed(message) => Err(TrySendError::Closed(message)),
        }
    }

    /// Makes a receiver of what is sent from now on.
    ///
    /// # Panics
    ///
    /// Panics if there are a million receivers.
    #[must_use]
    #[track_caller]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::enter(&self.shared)
    }

    /// Waits until there is no receiver, inactive ones included.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(&self.shared)
    }

    /// Makes a sender that does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        self.shared.weak.fetch_add(1, Relaxed);
        WeakSender { shared: Arc::clone(&self.shared) }
    }

    /// How many messages there are that some receiver has not got.
    #[must_use]
    pub fn len(&self) -> usize {
        let end = self.shared.sent.look().number();
        self.shared.ring().unread(end) as usize
    }

    /// Whether every receiver has got every message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many messages it keeps for the slowest receiver.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.capacity()
    }

    /// What happens to a message that there is no room for.
    #[must_use]
    pub fn overflow(&self) -> Overflow {
        self.shared.overflow()
    }

    /// How many receivers there are, without the inactive ones.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers().0
    }

    /// How many inactive receivers there are.
    #[must_use]
    pub fn inactive_receiver_count(&self) -> usize {
        self.shared.receivers().1
    }

    /// Whether both send to the same receivers.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// How many senders there are.
    #[must_use]
    pub fn strong_count(&self) -> usize {
        self.shared.senders.load(Relaxed)
    }

    /// How many weak senders there are.
    #[must_use]
    pub fn weak_count(&self) -> usize {
        self.shared.weak.load(Relaxed)
    }
}

impl<T> WeakSender<T> {
    /// A sender, unless every sender is gone.
    #[must_use]
    pub fn upgrade(&self) -> Option<Sender<T>> {
        self.shared.revive().then(|| Sender { shared: Arc::clone(&self.shared) })
    }

    /// How many senders there are.
    #[must_use]
    pub fn strong_count(&self) -> usize {
        self.shared.senders.load(Relaxed)
    }

    /// How many weak senders there are.
    #[must_use]
    pub fn weak_count(&self) -> usize {
        self.shared.weak.load(Relaxed)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.senders.fetch_add(1, Relaxed);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Clone for WeakSender<T> {
    fn clone(&self) -> Self {
        self.shared.weak.fetch_add(1, Relaxed);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if !doomed() {
            self.shared.retire();
        }
    }
}

impl<T> Drop for WeakSender<T> {
    fn drop(&mut self) {
        self.shared.weak.fetch_sub(1, Relaxed);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender")
            .field("len", &self.len())
            .field("receivers", &self.receiver_count())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for WeakSender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakSender").finish_non_exhaustive()
    }
}
