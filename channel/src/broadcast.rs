//! Every message for everybody: each receiver gets what is sent while it is there.
//!
//! ```
//! # pollster::block_on(async {
//! use selvedge_channel::broadcast::{self, error::RecvError};
//!
//! let (tx, mut first) = broadcast::channel(2);
//! let mut second = tx.subscribe();
//! tx.send("warp")?;
//! assert_eq!(first.recv().await, Ok("warp"));
//!
//! // Whoever is slower than the channel is large misses the oldest, and is told.
//! tx.send("weft")?;
//! tx.send("selvedge")?;
//! assert_eq!(second.recv().await, Err(RecvError::Lagged(1)));
//! assert_eq!(second.recv().await, Ok("weft"));
//! # Ok::<(), broadcast::error::SendError<&str>>(())
//! # }).unwrap();
//! ```
//!
//! With [`Overflow::Wait`] nobody misses anything: [`Sender::broadcast`] waits for the slowest.
// The state, with its pictures and its invariants, is in raw/broadcast.rs and raw/gate.rs.

use alloc::sync::Arc;
use core::{fmt, sync::atomic::Ordering::Relaxed};

use selvedge_sync::raw::shim::doomed;

use self::{
    error::{SendError, TryRecvError, TrySendError},
    shared::{Cursor, Pushed, Shared},
};

pub mod error;
mod futures;
mod shared;

#[cfg(feature = "stream")]
pub use self::futures::Messages;
pub use self::futures::{Broadcast, Closed, Recv};

/// What happens to a message while the slowest receiver is the capacity behind: [`with_overflow`]
/// shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// The oldest message goes; whoever had not read it is told. So does [`channel`].
    #[default]
    DropOldest,
    /// The message that is sent goes.
    DropNewest,
    /// It waits for the slowest receiver: see [`Sender::broadcast`].
    Wait,
}

/// Makes a channel that keeps the last `capacity` messages, rounded up to a power of two. The
/// [module](self) shows what comes of that.
///
/// # Panics
///
/// Panics if `capacity` is 0, or above 2³¹.
#[track_caller]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    with_overflow(capacity, Overflow::DropOldest)
}

/// As [`channel`], of exactly `capacity` where `overflow` is another policy.
///
/// # Panics
///
/// As [`channel`].
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_channel::broadcast::{self, Overflow, error::TrySendError};
///
/// let (tx, mut rx) = broadcast::with_overflow(1, Overflow::Wait);
/// tx.broadcast(1).await?;
/// assert_eq!(tx.try_broadcast(2), Err(TrySendError::Full(2)));
/// assert_eq!(rx.recv().await, Ok(1));
/// tx.broadcast(3).await?;
/// # Ok::<(), broadcast::error::SendError<i32>>(())
/// # }).unwrap();
/// ```
#[track_caller]
pub fn with_overflow<T: Clone>(capacity: usize, overflow: Overflow) -> (Sender<T>, Receiver<T>) {
    let tx = Sender::with_overflow(capacity, overflow);
    let rx = tx.subscribe();
    (tx, rx)
}

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
    shared: Arc<Shared<T>>,
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
    shared: Arc<Shared<T>>,
}

/// A receiving end: it gets every message that is sent while it is there.
///
/// The last receiver of a message gets the message itself, the others a clone.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_channel::broadcast;
///
/// let (desk, mut early) = broadcast::channel(8);
/// desk.send("rain")?;
/// // From now on: what was sent before is not for this one.
/// let mut late = desk.subscribe();
/// desk.send("snow")?;
/// assert_eq!(early.recv().await, Ok("rain"));
/// assert_eq!(late.recv().await, Ok("snow"));
/// # Ok::<(), broadcast::error::SendError<&str>>(())
/// # }).unwrap();
/// ```
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    cursor: Cursor<T>,
}

/// A receiving end that receives nothing: it holds the channel open, and no message back.
///
/// While there is no other, messages are dropped when they are sent.
///
/// # Examples
///
/// ```
/// use selvedge_channel::broadcast;
///
/// let (desk, reader) = broadcast::channel(8);
/// // Nobody reads yet; the desk shall neither fail nor keep what nobody will read.
/// let nobody = reader.deactivate();
/// assert!(desk.send("rain").is_ok());
/// let mut reader = nobody.activate_cloned();
/// desk.send("snow")?;
/// assert_eq!(reader.try_recv(), Ok("snow"));
/// # Ok::<(), broadcast::error::SendError<&str>>(())
/// ```
#[must_use = "a dropped inactive receiver holds nothing open"]
pub struct InactiveReceiver<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    /// As [`channel`], without a receiver.
    ///
    /// # Panics
    ///
    /// As [`channel`].
    #[must_use]
    #[track_caller]
    pub fn new(capacity: usize) -> Self {
        Self::with_overflow(capacity, Overflow::DropOldest)
    }

    /// As [`with_overflow`], without a receiver.
    ///
    /// # Panics
    ///
    /// As [`channel`].
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

impl<T> Receiver<T> {
    #[track_caller]
    fn enter(shared: &Arc<Shared<T>>) -> Self {
        let cursor = Cursor::new(shared.enter());
        Self { shared: Arc::clone(shared), cursor }
    }

    /// How many messages are to be received, those that were overtaken included.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cursor.behind(self.shared.sent.look().number()) as usize
    }

    /// Whether there is no message to be received.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether every sender is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.senders.load(Relaxed) == 0
    }

    /// Whether both receive from the same senders.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// How many senders there are.
    #[must_use]
    pub fn sender_strong_count(&self) -> usize {
        self.shared.senders.load(Relaxed)
    }

    /// How many weak senders there are.
    #[must_use]
    pub fn sender_weak_count(&self) -> usize {
        self.shared.weak.load(Relaxed)
    }

    /// Receives nothing any more, and holds the channel open.
    ///
    /// # Examples
    ///
    /// ```
    /// let (tx, rx) = selvedge_channel::broadcast::channel(4);
    /// let idle = rx.deactivate();
    /// assert_eq!(tx.send("unheard"), Ok(0));
    /// let mut rx = idle.activate();
    /// assert_eq!(tx.send("heard"), Ok(1));
    /// assert_eq!(rx.try_recv(), Ok("heard"));
    /// ```
    pub fn deactivate(self) -> InactiveReceiver<T> {
        // Counted before this one goes: the channel stays open all the time.
        self.shared.enter_idle();
        InactiveReceiver { shared: Arc::clone(&self.shared) }
    }
}

impl<T: Clone> Receiver<T> {
    /// Makes a receiver of what is sent from now on.
    ///
    /// # Panics
    ///
    /// Panics if there are a million receivers.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_channel::broadcast;
    ///
    /// let (tx, mut rx) = broadcast::channel(4);
    /// tx.send(1).unwrap();
    /// // From now on, where a clone of an inactive one begins as well.
    /// let mut later = rx.resubscribe();
    /// let mut other = rx.resubscribe().deactivate().activate_cloned();
    /// tx.send(2).unwrap();
    /// assert_eq!((rx.recv().await, later.recv().await, other.recv().await), (Ok(1), Ok(2), Ok(2)));
    /// assert!(tx.same_channel(&tx.clone()) && rx.same_channel(&later));
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn resubscribe(&self) -> Self {
        Self::enter(&self.shared)
    }

    /// Receives the next message.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: it takes a message only when it returns it. Should the waker
    /// of a sender panic meanwhile, the next `recv` returns it.
    ///
    /// # Errors
    ///
    /// The future ends with an error if messages were missed, or if every sender is gone and every
    /// message was received.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion. It passes a panic of `T::clone` on; the message
    /// counts as received.
    #[inline]
    pub fn recv(&mut self) -> Recv<'_, T> {
        Recv::new(&self.shared, &mut self.cursor)
    }

    /// Receives the next message, if it is there.
    ///
    /// # Errors
    ///
    /// Says why there is none.
    #[inline]
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        match self.shared.try_recv_fast(&mut self.cursor) {
            Some(message) => Ok(message),
            None => self.shared.try_recv_slowly(&mut self.cursor),
        }
    }

    /// Parks the calling thread until there is a message.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    #[cfg(any(feature = "std", selvedge_loom))]
    pub fn blocking_recv(&mut self) -> Result<T, error::RecvError> {
        selvedge_sync::raw::block::block_on(self.recv())
    }

    /// A stream of the messages; where some were missed, it says how many.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use futures_lite::StreamExt;
    /// use selvedge_channel::broadcast::{self, error::Lagged};
    ///
    /// let (tx, rx) = broadcast::channel(2);
    /// for headline in ["one", "two", "three"] {
    ///     tx.send(headline).unwrap();
    /// }
    /// drop(tx);
    /// // With the adapters of streams; a gap is an item, too.
    /// let news: Vec<_> = rx.into_stream().collect().await;
    /// assert_eq!(news, [Err(Lagged(1)), Ok("two"), Ok("three")]);
    /// # });
    /// ```
    #[cfg(feature = "stream")]
    pub fn into_stream(self) -> Messages<T> {
        Messages::new(self)
    }
}

impl<T> InactiveReceiver<T> {
    /// Receives what is sent from now on.
    ///
    /// # Panics
    ///
    /// Panics if there are a million receivers.
    #[must_use]
    #[track_caller]
    pub fn activate(self) -> Receiver<T> {
        self.activate_cloned()
    }

    /// As [`activate`](Self::activate), beside this one.
    ///
    /// # Panics
    ///
    /// As for [`activate`](Self::activate).
    #[must_use]
    #[track_caller]
    pub fn activate_cloned(&self) -> Receiver<T> {
        Receiver::enter(&self.shared)
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

impl<T> Clone for InactiveReceiver<T> {
    fn clone(&self) -> Self {
        self.shared.enter_idle();
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

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        if !doomed() {
            self.shared.leave(self.cursor.next());
        }
    }
}

impl<T> Drop for InactiveReceiver<T> {
    fn drop(&mut self) {
        if !doomed() {
            self.shared.leave_idle();
        }
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

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("len", &self.len())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for InactiveReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InactiveReceiver").finish_non_exhaustive()
    }
}
