//! The receiving side.

use alloc::{sync::Arc, vec::Vec};
use core::{
    fmt,
    task::{Context, Poll},
};

use super::{Channel, Recv, RecvMany, Statistics, error::TryRecvError};
use crate::raw::solo;

/// The receiving side of a [`channel`](super::channel).
///
/// When it goes, senders fail, and the messages that are left are dropped at once.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_channel::mpsc;
///
/// let (log, mut keeper) = mpsc::channel(8);
/// log.send("one").await.unwrap();
/// log.send("two").await.unwrap();
/// // No more, but what was sent is not thrown away.
/// keeper.close();
/// assert!(log.send("three").await.is_err());
/// let mut lines = Vec::new();
/// while let Some(line) = keeper.recv().await {
///     lines.push(line);
/// }
/// assert_eq!(lines, ["one", "two"]);
/// # });
/// ```
pub struct Receiver<T> {
    pub(super) channel: Arc<Channel<T>>,
}

/// The receiving side of an [`unbounded_channel`](super::unbounded_channel).
///
/// When it goes, senders fail, and the messages that are left are dropped at once.
pub struct UnboundedReceiver<T> {
    pub(super) channel: Arc<Channel<T>>,
}

impl<T> Receiver<T> {
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
}

/// What the receivers of both kinds of channel have in common: but for the capacity, all.
macro_rules! receiver {
    ($receiver:ident) => {
        impl<T> $receiver<T> {
            pub(super) fn new(channel: Arc<Channel<T>>) -> Self {
                Self { channel }
            }

            /// Receives a message, once there is one; `None` once the channel is closed and empty.
            ///
            /// Closed by [`close`](Self::close), it is not empty while a permit is out.
            ///
            /// # Cancel safety
            ///
            /// Dropping the future loses nothing: a message is in the channel until this is ready.
            ///
            /// # Panics
            ///
            /// The future panics if polled after completion.
            #[inline]
            pub fn recv(&mut self) -> Recv<'_, T> {
                Recv::new(&self.channel)
            }

            /// Receives as many messages as there are, up to `limit`, behind those in `buffer`;
            /// waits for the first. How many it were: 0 once the channel is closed and empty, or if
            /// `limit` is 0.
            ///
            /// # Cancel safety
            ///
            /// As for [`recv`](Self::recv): a future that was not ready has put nothing into
            /// `buffer`.
            ///
            /// # Panics
            ///
            /// The future panics if polled after completion.
            pub fn recv_many<'a>(
                &'a mut self,
                buffer: &'a mut Vec<T>,
                limit: usize,
            ) -> RecvMany<'a, T> {
                RecvMany::new(&self.channel, buffer, limit)
            }

            /// As [`recv`](Self::recv), without a future: the task is woken when to poll again. Of
            /// the tasks that polled, the last one is.
            #[inline]
            pub fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
                solo::poll_recv(&self.channel, cx)
            }

            /// As [`recv_many`](Self::recv_many), without a future.
            pub fn poll_recv_many(
                &mut self,
                cx: &mut Context<'_>,
                buffer: &mut Vec<T>,
                limit: usize,
            ) -> Poll<usize> {
                solo::poll_recv_many(&self.channel, buffer, limit, cx)
            }

            /// Parks the calling thread until there is a message; `None` once the channel is closed
            /// and empty. It asks for no runtime, and minds none.
            #[cfg(any(feature = "std", selvedge_loom))]
            #[doc(alias = "recv_blocking")]
            pub fn blocking_recv(&mut self) -> Option<T> {
                selvedge_sync::raw::block::block_on(self.recv())
            }

            /// As [`recv_many`](Self::recv_many), with the calling thread.
            #[cfg(any(feature = "std", selvedge_loom))]
            #[doc(alias = "recv_many_blocking")]
            pub fn blocking_recv_many(&mut self, buffer: &mut Vec<T>, limit: usize) -> usize {
                selvedge_sync::raw::block::block_on(self.recv_many(buffer, limit))
            }

            /// Receives a message if there is one.
            ///
            /// # Errors
            ///
            /// Says whether the channel is empty, or closed and empty.
            #[inline]
            pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
                self.channel.try_recv().map_err(|is_ended| match is_ended {
                    true => TryRecvError::Disconnected,
                    false => TryRecvError::Empty,
                })
            }

            /// Closes the channel: senders fail from now on. What is in it, and what permits that
            /// are out will send, can still be received.
            pub fn close(&mut self) {
                self.channel.close();
            }

            /// Whether the channel is closed, or no sender is left.
            #[must_use]
            pub fn is_closed(&self) -> bool {
                self.channel.state.with(|state| state.closed)
            }

            /// Whether there is no message in the channel.
            #[must_use]
            pub fn is_empty(&self) -> bool {
                self.len() == 0
            }

            /// How many messages are in the channel.
            #[must_use]
            pub fn len(&self) -> usize {
                self.channel.state.with(|state| state.queue.len())
            }

            /// What is in the channel, and who waits: a look that is old by the time it returns.
            #[must_use]
            pub fn statistics(&self) -> Statistics {
                self.channel.statistics()
            }

            /// How many senders there are.
            #[must_use]
            pub fn sender_strong_count(&self) -> usize {
                self.channel.state.with(|state| state.senders as usize)
            }

            /// How many weak senders there are.
            #[must_use]
            pub fn sender_weak_count(&self) -> usize {
                self.channel.state.with(|state| state.readers.weak as usize)
            }
        }

        impl<T> Drop for $receiver<T> {
            fn drop(&mut self) {
                self.channel.drop_receiver();
            }
        }

        impl<T> fmt::Debug for $receiver<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($receiver))
                    .field("len", &self.len())
                    .field("closed", &self.is_closed())
                    .finish_non_exhaustive()
            }
        }
    };
}

receiver! { Receiver }
receiver! { UnboundedReceiver }
