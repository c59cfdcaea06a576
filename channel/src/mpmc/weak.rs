//! Handles that do not keep a channel open.

use alloc::sync::Arc;
use core::fmt;

use super::{Channel, Receiver, Sender};

/// A [`Sender`] that does not keep the channel open.
pub struct WeakSender<T> {
    channel: Arc<Channel<T>>,
}

/// A [`Receiver`] that does not keep the channel open.
pub struct WeakReceiver<T> {
    channel: Arc<Channel<T>>,
}

macro_rules! weak {
    ($weak:ident, $strong:ident, $count:ident, $add:ident, |$channel:ident| $make:expr) => {
        impl<T> $weak<T> {
            pub(super) fn new(channel: Arc<Channel<T>>) -> Self {
                Self { channel }
            }

            /// A handle that does, unless the channel is closed.
            #[must_use]
            pub fn upgrade(&self) -> Option<$strong<T>> {
                let is_open = self.channel.state.with(|state| {
                    let is_open = !state.closed && state.$count > 0;
                    if is_open {
                        state.$add();
                    }
                    is_open
                });
                let $channel = &self.channel;
                is_open.then(|| $make)
            }
        }

        impl<T> Clone for $weak<T> {
            fn clone(&self) -> Self {
                Self { channel: self.channel.clone() }
            }
        }

        impl<T> fmt::Debug for $weak<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($weak)).finish_non_exhaustive()
            }
        }
    };
}

weak! { WeakSender, Sender, senders, add_sender, |channel| Sender { channel: channel.clone() } }
weak! { WeakReceiver, Receiver, receivers, add_receiver, |channel| Receiver::new(channel.clone()) }
