//! Places that are held for messages.

use core::{fmt, iter::FusedIterator, mem};

use super::{Channel, Sender};

/// A place in a channel, held for one message; given back when dropped.
///
/// # Examples
///
/// ```
/// use selvedge_channel::mpsc;
///
/// let (tx, mut rx) = mpsc::channel(1);
/// let permit = tx.try_reserve().unwrap();
/// assert!(tx.try_send("other").is_err(), "the place is taken");
/// permit.send("weft");
/// assert_eq!(rx.try_recv(), Ok("weft"));
/// ```
#[must_use = "the place is given back at once if the permit is not kept"]
#[clippy::has_significant_drop]
pub struct Permit<'a, T> {
    channel: &'a Channel<T>,
}

/// Places in a channel, handed out one by one; those that are left are given back when dropped.
/// Made by [`Sender::reserve_many`].
#[must_use = "the places are given back at once if the permits are not kept"]
#[clippy::has_significant_drop]
pub struct PermitIterator<'a, T> {
    channel: &'a Channel<T>,
    left: usize,
}

/// A place in a channel, held for one message, with the [`Sender`] it came from.
///
/// # Examples
///
/// ```
/// use selvedge_channel::mpsc;
///
/// let (tx, mut rx) = mpsc::channel(1);
/// // Goes along with a task: the last line has its place, however full the channel is by then.
/// let last = tx.try_reserve_owned().unwrap();
/// std::thread::spawn(move || drop(last.send("goodbye"))).join().unwrap();
/// assert_eq!(rx.try_recv(), Ok("goodbye"));
/// assert!(rx.try_recv().is_err(), "`send` gave the sender back, and it is gone, too");
/// ```
#[must_use = "the place is given back at once if the permit is not kept"]
#[clippy::has_significant_drop]
pub struct OwnedPermit<T> {
    sender: Option<Sender<T>>,
}

fn send<T>(channel: &Channel<T>, message: T) {
    if let Err(message) = channel.send_held(message) {
        channel.undelivered(message);
    }
}

impl<'a, T> Permit<'a, T> {
    pub(super) fn new(channel: &'a Channel<T>) -> Self {
        Self { channel }
    }

    /// Sends a message in the place held: there is no wait, and no failure.
    ///
    /// A permit outlives closing; if the receiver is gone, the message is dropped.
    pub fn send(self, message: T) {
        let channel = self.channel;
        mem::forget(self);
        send(channel, message);
    }
}

impl<'a, T> PermitIterator<'a, T> {
    pub(super) fn new(channel: &'a Channel<T>, left: usize) -> Self {
        Self { channel, left }
    }
}

impl<'a, T> Iterator for PermitIterator<'a, T> {
    type Item = Permit<'a, T>;

    fn next(&mut self) -> Option<Permit<'a, T>> {
        self.left = self.left.checked_sub(1)?;
        Some(Permit::new(self.channel))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<T> ExactSizeIterator for PermitIterator<'_, T> {}
impl<T> FusedIterator for PermitIterator<'_, T> {}

impl<T> OwnedPermit<T> {
    pub(super) fn new(sender: Sender<T>) -> Self {
        Self { sender: Some(sender) }
    }

    fn take(&mut self) -> Sender<T> {
        self.sender.take().expect("a permit has its sender until it goes")
    }

    fn sender(&self) -> &Sender<T> {
        self.sender.as_ref().expect("a permit has its sender until it goes")
    }

    /// Sends a message in the place held, and gives the sender back: there is no wait, and no
    /// failure.
    ///
    /// A permit outlives closing; if the receiver is gone, the message is dropped.
    pub fn send(mut self, message: T) -> Sender<T> {
        let sender = self.take();
        send(&sender.channel, message);
        sender
    }

    /// Gives the place and the sender back.
    pub fn release(mut self) -> Sender<T> {
        let sender = self.take();
        sender.channel.give_back(1);
        sender
    }

    /// Whether both are of the same channel.
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        self.sender().same_channel(other.sender())
    }

    /// Whether it is of the same channel as `sender`.
    #[must_use]
    pub fn same_channel_as_sender(&self, sender: &Sender<T>) -> bool {
        self.sender().same_channel(sender)
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.channel.give_back(1);
    }
}

impl<T> Drop for PermitIterator<'_, T> {
    fn drop(&mut self) {
        self.channel.give_back(self.left);
    }
}

impl<T> Drop for OwnedPermit<T> {
    fn drop(&mut self) {
        if let Some(sender) = &self.sender {
            sender.channel.give_back(1);
        }
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for PermitIterator<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PermitIterator").field("left", &self.left).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for OwnedPermit<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").field("sender", &self.sender).finish()
    }
}
