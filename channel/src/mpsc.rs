//! Many producers, one consumer.
//!
//! [`channel`] holds up to a number of messages, [`unbounded_channel`] any number. Names and
//! signatures are tokio's; the waits are tied to no runtime.
//!
//! # Cancel safety
//!
//! A message is in the channel from the poll at which its `send` completes to the poll at which a
//! `recv` does. A `recv` that is dropped has nothing to lose; a `send` that is dropped before it was
//! ready has sent nothing.
//!
//! # Fairness
//!
//! Those who wait for a place are called first come, first served. A running task may take the place
//! first; who was called then goes back to its place in line, and after a few times in vain nobody
//! overtakes it any more. Who reserves several places is not overtaken at all.
//!
//! # Examples
//!
//! ```
//! # pollster::block_on(async {
//! use selvedge_channel::mpsc;
//!
//! let (sender, mut receiver) = mpsc::channel(8);
//! let weaver = std::thread::spawn({
//!     let sender = sender.clone();
//!     move || sender.blocking_send("weft")
//! });
//! weaver.join().unwrap()?;
//! sender.send("warp").await?;
//!
//! drop(sender);
//! assert_eq!(receiver.recv().await, Some("weft"));
//! assert_eq!(receiver.recv().await, Some("warp"));
//! assert_eq!(receiver.recv().await, None);
//! # Ok::<(), mpsc::error::SendError<&str>>(())
//! # }).unwrap();
//! ```

use alloc::sync::Arc;

pub use self::{
    futures::{Closed, Recv, RecvMany, Reserve, ReserveMany, ReserveOwned, Send},
    permit::{OwnedPermit, Permit, PermitIterator},
    receiver::{Receiver, UnboundedReceiver},
    sender::{Sender, UnboundedSender, WeakSender, WeakUnboundedSender},
};
pub use crate::raw::store::Statistics;
use crate::raw::{solo::Solo, store::Store};

pub mod error;
mod futures;
mod permit;
mod receiver;
mod sender;
#[cfg(feature = "sink")]
mod sink;
#[cfg(feature = "stream")]
mod stream;

#[cfg(feature = "sink")]
pub use self::sink::{SenderSink, UnboundedSenderSink};

type Channel<T> = Store<T, Solo>;

/// A channel that holds up to `buffer` messages; a sender that finds it full waits. The
/// [module](self) shows it.
///
/// Nothing is allocated for messages before the first is sent.
///
/// # Panics
///
/// Panics if `buffer` is 0.
#[must_use]
#[track_caller]
pub fn channel<T>(buffer: usize) -> (Sender<T>, Receiver<T>) {
    assert!(buffer > 0, "a bounded channel has at least one place: see mpmc::rendezvous()");
    // The largest number there is means that there is no limit.
    let channel = Arc::new(Store::new("channel", buffer.min(usize::MAX - 1), None));
    (Sender::new(channel.clone()), Receiver::new(channel))
}

/// A channel that holds any number of messages: a sender never waits.
///
/// What a burst has allocated is given back as the messages are received.
///
/// # Examples
///
/// ```
/// use std::task::{Context, Poll, Waker};
///
/// use selvedge_channel::mpsc;
///
/// let (tx, mut rx) = mpsc::unbounded_channel();
/// let cx = &mut Context::from_waker(Waker::noop());
/// assert!(rx.poll_recv(cx).is_pending());
/// tx.send(1).unwrap();
/// tx.send(2).unwrap();
/// assert_eq!(rx.poll_recv(cx), Poll::Ready(Some(1)));
/// let mut rest = Vec::new();
/// assert_eq!(rx.poll_recv_many(cx, &mut rest, 8), Poll::Ready(1));
/// assert_eq!(rest, [2]);
/// ```
#[must_use]
pub fn unbounded_channel<T>() -> (UnboundedSender<T>, UnboundedReceiver<T>) {
    let channel = Arc::new(Store::new("channel", usize::MAX, None));
    (UnboundedSender::new(channel.clone()), UnboundedReceiver::new(channel))
}
