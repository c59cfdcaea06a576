//! The receiving side.

use alloc::sync::Arc;
use core::{fmt, sync::atomic::Ordering::Relaxed};

use selvedge_sync::raw::shim::doomed;

#[cfg(feature = "stream")]
use super::Messages;
use super::{
    Recv,
    error::TryRecvError,
    shared::{Cursor, Shared},
};

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
    pub(super) shared: Arc<Shared<T>>,
    pub(super) cursor: Cursor<T>,
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
    pub(super) shared: Arc<Shared<T>>,
}

impl<T> Receiver<T> {
    #[track_caller]
    pub(super) fn enter(shared: &Arc<Shared<T>>) -> Self {
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
    pub fn blocking_recv(&mut self) -> Result<T, super::error::RecvError> {
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

impl<T> Clone for InactiveReceiver<T> {
    fn clone(&self) -> Self {
        self.shared.enter_idle();
        Self { shared: Arc::clone(&self.shared) }
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
