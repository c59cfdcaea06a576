//! A place that is held for a message.

use core::{fmt, mem};

use super::Sender;

/// A place in a channel, held for one message; given back when dropped. [`Sender`](super::Sender)
/// shows it.
#[must_use = "the place is given back at once if the permit is not kept"]
#[clippy::has_significant_drop]
pub struct Permit<'a, T> {
    sender: &'a Sender<T>,
}

impl<'a, T> Permit<'a, T> {
    pub(super) fn new(sender: &'a Sender<T>) -> Self {
        Self { sender }
    }

    /// Sends a message in the place held: there is no wait, and no failure.
    ///
    /// A permit outlives closing; if no receiver is left, the message is dropped.
    pub fn send(self, message: T) {
        let channel = &self.sender.channel;
        mem::forget(self);
        if let Err(message) = channel.send_held(message) {
            channel.undelivered(message);
        }
    }
}

impl<T> Drop for Permit<'_, T> {
    fn drop(&mut self) {
        self.sender.channel.give_back(1);
    }
}

impl<T> fmt::Debug for Permit<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("sender", &self.sender).finish()
    }
}
