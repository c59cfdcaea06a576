//! The receiver as a stream.

use alloc::boxed::Box;
use core::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::stream::{FusedStream, Stream};
use selvedge_sync::raw::list::Slot;

use super::{Channel, Receiver};
use crate::raw::{many, side::Seat};

/// Where a receiver stands that waits as a stream: allocated when it first has to, so that a
/// receiver is small, and may be moved between two polls.
pub(super) struct Waiting<T>(Pin<Box<Seat<T>>>);

// A place in line is changed with the channel's lock held, and nothing is left half done.
impl<T> core::panic::UnwindSafe for Waiting<T> {}
impl<T> core::panic::RefUnwindSafe for Waiting<T> {}

impl<T> Waiting<T> {
    /// Leaves the line.
    pub(super) fn leave(mut self, channel: &Channel<T>) {
        many::leave_recv(channel, self.0.as_mut());
    }
}

impl<T> Stream for Receiver<T> {
    type Item = T;

    /// As [`recv`](Receiver::recv), which see for cancelling; the line is left when the receiver
    /// goes.
    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        let Some(waiting) = &mut this.stream else {
            return match this.channel.try_recv() {
                Ok(message) => Poll::Ready(Some(message)),
                Err(true) => Poll::Ready(None),
                Err(false) => {
                    let waiting = this.stream.insert(Waiting(Box::pin(Slot::new())));
                    many::poll_recv(&this.channel, waiting.0.as_mut(), cx)
                }
            };
        };
        many::poll_recv(&this.channel, waiting.0.as_mut(), cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (len, is_over) = self.channel.state.with(|state| (state.queue.len(), state.is_over()));
        // Other receivers may get what is in it.
        (0, is_over.then_some(len))
    }
}

impl<T> FusedStream for Receiver<T> {
    fn is_terminated(&self) -> bool {
        self.channel.state.with(|state| state.is_ended())
    }
}
