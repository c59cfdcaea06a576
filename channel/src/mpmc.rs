//! Many producers, many consumers: each message goes to one of the receivers.
//!
//! [`bounded`] holds up to a number of messages, [`unbounded`] any number, [`rendezvous`] none: there
//! a message passes from hand to hand. [`Builder`] makes channels that drop messages when full, or
//! tell what becomes of those that nobody will get.
//!
//! # Cancel safety
//!
//! A message is in the channel from the poll at which its `send` completes to the poll at which a
//! `recv` does. A `recv` that is dropped has nothing to lose, whatever woke it; a `send` that is
//! dropped before it was ready has sent nothing. (In a rendezvous a receiver takes the message out
//! of the hands of a waiting `send`: one that is dropped after that has sent it.)
//!
//! # Fairness
//!
//! Those who wait, on either side, are called first come, first served. A running task may take the
//! message or the place first; who was called then goes back to its place in line, and after a few
//! times in vain nobody overtakes it any more.
//!
//! # Examples
//!
//! ```
//! # pollster::block_on(async {
//! use selvedge_channel::mpmc;
//!
//! let (sender, receiver) = mpmc::bounded(2);
//! sender.send("warp").await?;
//! sender.send("weft").await?;
//! assert_eq!(sender.try_send("selvedge").unwrap_err().into_inner(), "selvedge");
//!
//! drop(sender);
//! let other = receiver.clone();
//! assert_eq!(receiver.recv().await, Ok("warp"));
//! assert_eq!(other.recv().await, Ok("weft"));
//! assert_eq!(other.recv().await, Err(mpmc::RecvError));
//! # Ok::<(), mpmc::SendError<&str>>(())
//! # }).unwrap();
//! ```

use alloc::{sync::Arc, vec::Vec};
use core::fmt;

pub use self::{
    builder::Builder,
    error::{RecvError, TryRecvError},
    futures::{Closed, Recv, RecvMany, Reserve, Send},
    permit::Permit,
    weak::{WeakReceiver, WeakSender},
};
use crate::raw::{side::Side, state::Why, store::Store};
pub use crate::{
    error::{SendError, TrySendError},
    raw::store::{Overflow, Statistics},
};

mod builder;
mod error;
mod futures;
mod permit;
#[cfg(feature = "sink")]
mod sink;
#[cfg(feature = "stream")]
mod stream;
mod weak;

#[cfg(feature = "sink")]
pub use self::sink::SenderSink;

type Channel<T> = Store<T, Side<T>>;

/// A channel that holds up to `capacity` messages; a sender that finds it full waits.
///
/// Nothing is allocated for messages before the first is sent.
///
/// # Panics
///
/// Panics if `capacity` is 0: see [`rendezvous`].
///
/// # Examples
///
/// ```
/// let (sender, receiver) = selvedge_channel::mpmc::bounded(1);
/// assert_eq!(sender.try_send(7), Ok(()));
/// assert!(sender.try_send(8).unwrap_err().is_full());
/// assert_eq!(receiver.try_recv(), Ok(7));
/// ```
#[must_use]
#[track_caller]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    Builder::bounded(capacity).build()
}

/// A channel that holds any number of messages: a sender never waits.
///
/// What a burst has allocated is given back as the messages are received.
///
/// # Examples
///
/// ```
/// let (sender, receiver) = selvedge_channel::mpmc::unbounded();
/// for thread in 0..1000 {
///     sender.try_send(thread).unwrap();
/// }
/// assert_eq!((receiver.len(), receiver.capacity()), (1000, None));
/// ```
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    Builder::unbounded().build()
}

/// A channel that holds no message: a sender waits for a receiver, and hands it over.
///
/// A `try_send` succeeds if a `recv` waits. Should all those be dropped before they are polled again,
/// the message is kept for the next.
///
/// # Examples
///
/// ```
/// # use std::{future::Future, pin::pin, task::{Context, Waker}};
/// let (sender, receiver) = selvedge_channel::mpmc::rendezvous();
/// assert!(sender.try_send(1).is_err());
///
/// let mut send = pin!(sender.send(1));
/// # let cx = &mut Context::from_waker(Waker::noop());
/// assert!(send.as_mut().poll(cx).is_pending());
/// assert_eq!(receiver.try_recv(), Ok(1));
/// assert!(send.as_mut().poll(cx).is_ready());
/// ```
#[must_use]
pub fn rendezvous<T>() -> (Sender<T>, Receiver<T>) {
    Builder::rendezvous().build()
}

/// The sending side of a channel; cloned, it is one more sender.
///
/// When the last one goes, receivers get what is left, and then the end.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_channel::mpmc;
///
/// let (orders, weavers) = mpmc::bounded(8);
/// let more = orders.clone();
/// orders.send("a scarf").await.expect("somebody weaves");
/// // A place first, and then what goes there: nothing is lost if one is cancelled in between.
/// more.reserve().await?.send("a belt");
/// drop((orders, more));
/// assert_eq!(weavers.recv().await, Ok("a scarf"));
/// assert_eq!(weavers.recv().await, Ok("a belt"));
/// assert!(weavers.recv().await.is_err());
/// # Ok::<(), mpmc::SendError<()>>(())
/// # }).unwrap();
/// ```
pub struct Sender<T> {
    channel: Arc<Channel<T>>,
}

/// The receiving side of a channel; cloned, it is one more receiver.
///
/// When the last one goes, senders fail, and the messages that are left are dropped at once.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_channel::mpmc;
///
/// let (orders, one) = mpmc::unbounded();
/// let other = one.clone();
/// orders.try_send("a scarf").unwrap();
/// // Each order goes to one of them.
/// assert_eq!(one.recv().await, Ok("a scarf"));
/// assert_eq!(other.try_recv(), Err(mpmc::TryRecvError::Empty));
/// drop((one, other));
/// assert!(orders.try_send("a belt").unwrap_err().is_closed(), "nobody weaves any more");
/// # });
/// ```
pub struct Receiver<T> {
    channel: Arc<Channel<T>>,
    #[cfg(feature = "stream")]
    stream: Option<stream::Waiting<T>>,
}

impl<T> Sender<T> {
    /// Sends a message, once there is a place for it.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before it was ready has sent nothing, and its message goes with it;
    /// the place it was called for goes to the next. To keep the message, [`reserve`](Self::reserve)
    /// a place first. ([`rendezvous`]: once a receiver has taken the message, it is sent.)
    ///
    /// # Errors
    ///
    /// The future ends with the message once the channel is closed.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    #[doc(alias = "asyncio.Queue.put")]
    pub fn send(&self, message: T) -> Send<'_, T> {
        Send::new(self, message)
    }

    /// Parks the calling thread until the message is sent.
    ///
    /// # Errors
    ///
    /// As for [`send`](Self::send).
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "blocking_send")]
    pub fn send_blocking(&self, message: T) -> Result<(), SendError<T>> {
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

    /// Waits until the channel is closed, by whichever side.
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
    #[doc(alias = "put_nowait")]
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
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_channel::mpmc;
    ///
    /// let (tx, rx) = mpmc::bounded(1);
    /// let room = tx.try_reserve().expect("there is room");
    /// assert!(tx.try_reserve().is_err());
    /// room.send("warp");
    /// assert_eq!(rx.try_recv(), Ok("warp"));
    /// tx.send_blocking("weft").expect("somebody receives");
    /// assert!(tx.same_channel(&tx.clone()) && rx.same_channel(&rx.clone()));
    /// ```
    pub fn try_reserve(&self) -> Result<Permit<'_, T>, TrySendError<()>> {
        match self.channel.try_reserve(1) {
            Ok(()) => Ok(Permit::new(self)),
            Err(true) => Err(TrySendError::Closed(())),
            Err(false) => Err(TrySendError::Full(())),
        }
    }

    /// Sends a message at once: if the channel is full, in the place of the oldest message there,
    /// which is returned.
    ///
    /// If there is none to displace (every place is held by a [`Permit`]; a [`rendezvous`] where
    /// nobody waits), `message` itself comes back.
    ///
    /// # Errors
    ///
    /// The message comes back if the channel is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// let (sender, receiver) = selvedge_channel::mpmc::bounded(2);
    /// assert_eq!(sender.force_send(1), Ok(None));
    /// assert_eq!(sender.force_send(2), Ok(None));
    /// assert_eq!(sender.force_send(3), Ok(Some(1)));
    /// assert_eq!(receiver.try_recv(), Ok(2));
    /// ```
    pub fn force_send(&self, message: T) -> Result<Option<T>, SendError<T>> {
        self.channel.force_send(message).map_err(SendError)
    }

    /// A handle that does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakSender<T> {
        WeakSender::new(self.channel.clone())
    }
}

impl<T> Receiver<T> {
    fn new(channel: Arc<Channel<T>>) -> Self {
        Self {
            channel,
            #[cfg(feature = "stream")]
            stream: None,
        }
    }

    /// Receives a message, once there is one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no message: it is in the channel until this is ready. If it was
    /// called for one already, the next in line is.
    ///
    /// # Errors
    ///
    /// The future ends with [`RecvError`] once the channel is closed and empty.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    #[doc(alias = "asyncio.Queue.get")]
    pub fn recv(&self) -> Recv<'_, T> {
        Recv::new(self)
    }

    /// Receives as many messages as there are, up to `limit`, behind those in `buffer`; waits for
    /// the first. How many it were: 0 once the channel is closed and empty, or if `limit` is 0.
    ///
    /// # Cancel safety
    ///
    /// As for [`recv`](Self::recv): what is received is in `buffer`, the rest is in the channel.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn recv_many<'a>(&'a self, buffer: &'a mut Vec<T>, limit: usize) -> RecvMany<'a, T> {
        RecvMany::new(self, buffer, limit)
    }

    /// Parks the calling thread until there is a message.
    ///
    /// # Errors
    ///
    /// As for [`recv`](Self::recv).
    #[cfg(any(feature = "std", selvedge_loom))]
    #[doc(alias = "blocking_recv")]
    pub fn recv_blocking(&self) -> Result<T, RecvError> {
        selvedge_sync::raw::block::block_on(self.recv())
    }

    /// Waits until the channel is closed, by whichever side: there may be messages in it still.
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

    /// Receives a message if there is one; in a [`rendezvous`], if a `send` waits.
    ///
    /// # Errors
    ///
    /// Says whether the channel is empty, or closed and empty.
    #[inline]
    #[doc(alias = "get_nowait")]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.channel.try_recv().map_err(|is_ended| match is_ended {
            true => TryRecvError::Closed,
            false => TryRecvError::Empty,
        })
    }

    /// A handle that does not keep the channel open.
    #[must_use]
    pub fn downgrade(&self) -> WeakReceiver<T> {
        WeakReceiver::new(self.channel.clone())
    }
}

/// What both sides can see and do.
macro_rules! either_side {
    ($side:ident) => {
        impl<T> $side<T> {
            /// Closes the channel for both sides; whether it was open.
            ///
            /// What is in it can still be received.
            pub fn close(&self) -> bool {
                self.channel.close()
            }

            /// Whether the channel is closed: by a call, or since a whole side has gone.
            #[must_use]
            pub fn is_closed(&self) -> bool {
                self.channel.state.with(|state| state.closed)
            }

            /// Whether there is no message in the channel.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// Whether there is no place in the channel: always so in a [`rendezvous`] where
            /// nobody waits.
            #[must_use]
            pub fn is_full(&self) -> bool {
                self.channel.state.with(|state| state.free() == 0)
            }

            /// How many messages are in the channel.
            #[must_use]
            pub fn len(&self) -> usize {
                self.channel.state.with(|state| state.queue.len())
            }

            /// How many messages fit; `None` if there is no limit.
            #[must_use]
            pub fn capacity(&self) -> Option<usize> {
                Some(self.channel.capacity()).filter(|capacity| *capacity != usize::MAX)
            }

            /// How many receivers there are.
            #[must_use]
            pub fn receiver_count(&self) -> usize {
                self.channel.state.with(|state| state.receivers as usize)
            }

            /// How many senders there are.
            #[must_use]
            pub fn sender_count(&self) -> usize {
                self.channel.state.with(|state| state.senders as usize)
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
        }

        impl<T> fmt::Debug for $side<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let (len, closed) =
                    self.channel.state.with(|state| (state.queue.len(), state.closed));
                f.debug_struct(stringify!($side))
                    .field("len", &len)
                    .field("closed", &closed)
                    .finish_non_exhaustive()
            }
        }
    };
}

either_side! { Sender }
either_side! { Receiver }

impl<T> Clone for Sender<T> {
    /// One more sender; of a closed channel, one that is closed.
    fn clone(&self) -> Self {
        self.channel.state.with(|state| state.add_sender());
        Self { channel: self.channel.clone() }
    }
}

impl<T> Clone for Receiver<T> {
    /// One more receiver; of a closed channel, one that is closed.
    fn clone(&self) -> Self {
        self.channel.state.with(|state| state.add_receiver());
        Self::new(self.channel.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.channel.drop_sender();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        #[cfg(feature = "stream")]
        if let Some(waiting) = self.stream.take() {
            waiting.leave(&self.channel);
        }
        self.channel.drop_receiver();
    }
}
