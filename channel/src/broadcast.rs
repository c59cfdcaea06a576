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

pub mod error;
mod futures;
mod receiver;
mod sender;
mod shared;

#[cfg(feature = "stream")]
pub use self::futures::Messages;
pub use self::{
    futures::{Broadcast, Closed, Recv},
    receiver::{InactiveReceiver, Receiver},
    sender::{Sender, WeakSender},
};

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
