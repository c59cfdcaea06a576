//! The receivers as streams.

use core::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::stream::Stream;

use super::{Receiver, UnboundedReceiver};

macro_rules! stream {
    ($receiver:ident) => {
        impl<T> Stream for $receiver<T> {
            type Item = T;

            #[inline]
            fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
                self.get_mut().poll_recv(cx)
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                let (len, is_over) =
                    self.channel.state.with(|state| (state.queue.len(), state.is_over()));
                (len, is_over.then_some(len))
            }
        }
    };
}

stream! { Receiver }
stream! { UnboundedReceiver }
