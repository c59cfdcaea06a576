//! Channels that are not what all are.

use alloc::{boxed::Box, sync::Arc};
use core::fmt;

use super::{Overflow, Receiver, Sender};
use crate::raw::store::{Hook, Rules, Store};

/// Makes a channel, and says what becomes of messages that nobody will get.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
///
/// use selvedge_channel::mpmc::{Builder, Overflow};
///
/// static LOST: AtomicU32 = AtomicU32::new(0);
///
/// // The newest two readings; the others are counted.
/// let (sender, receiver) = Builder::bounded(2)
///     .overflow(Overflow::DropOldest)
///     .on_undelivered(|_reading| {
///         LOST.fetch_add(1, Relaxed);
///     })
///     .build();
/// for reading in 0..10 {
///     sender.try_send(reading).unwrap();
/// }
/// assert_eq!((receiver.try_recv(), receiver.try_recv()), (Ok(8), Ok(9)));
/// assert_eq!(LOST.load(Relaxed), 8);
/// ```
#[must_use = "a builder makes no channel before `build`"]
pub struct Builder<T> {
    capacity: usize,
    overflow: Overflow,
    undelivered: Option<Hook<T>>,
}

impl<T> Builder<T> {
    /// For a channel that holds up to `capacity` messages.
    ///
    /// # Panics
    ///
    /// Panics if `capacity` is 0: see [`rendezvous`](super::rendezvous).
    #[track_caller]
    pub fn bounded(capacity: usize) -> Self {
        assert!(capacity > 0, "a bounded channel has at least one place: see mpmc::rendezvous()");
        Self::new(capacity)
    }

    /// For a channel that holds any number of messages.
    pub fn unbounded() -> Self {
        Self::new(usize::MAX)
    }

    /// For a channel that holds no message.
    pub fn rendezvous() -> Self {
        Self::new(0)
    }

    fn new(capacity: usize) -> Self {
        Self { capacity, overflow: Overflow::Wait, undelivered: None }
    }

    /// What `send` and `try_send` do with a message that finds the channel full. With
    /// [`Overflow::DropOldest`] and [`Overflow::DropNewest`] they never wait and never fail, but for
    /// a closed channel; [`force_send`](Sender::force_send) returns what it displaces.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// What happens to a message that nobody will get: one that is dropped for lack of room, that is
    /// left when the last receiver goes, or whose `send` is dropped before it was ready. (What comes
    /// back inside an error is the caller's.)
    ///
    /// It runs where the message is found to be lost, outside of every lock. Without it such a
    /// message is dropped.
    pub fn on_undelivered(mut self, hook: impl Fn(T) + Send + Sync + 'static) -> Self {
        self.undelivered = Some(Box::new(hook));
        self
    }

    /// The channel.
    #[must_use]
    pub fn build(self) -> (Sender<T>, Receiver<T>) {
        let Self { capacity, overflow, undelivered } = self;
        let plain = overflow == Overflow::Wait && undelivered.is_none();
        let rules = (!plain).then(|| Box::new(Rules { overflow, undelivered }));
        let channel = Arc::new(Store::new("channel", capacity, rules));
        (Sender { channel: channel.clone() }, Receiver::new(channel))
    }
}

impl<T> fmt::Debug for Builder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("capacity", &self.capacity)
            .field("overflow", &self.overflow)
            .finish_non_exhaustive()
    }
}
