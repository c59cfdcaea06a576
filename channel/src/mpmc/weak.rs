//! Handles that do not keep a channel open.

use alloc::sync::Arc;
use core::fmt;

use super::{Channel, Receiver, Sender};

/// A [`Sender`] that does not keep the channel open.
///
/// # Examples
///
/// ```
/// use selvedge_channel::mpmc;
///
/// let (orders, weaver) = mpmc::unbounded();
/// // The weaver may order more, and does not keep itself at work by that.
/// let more = orders.downgrade();
/// more.upgrade().expect("there are customers").try_send("thread").unwrap();
/// drop(orders);
/// assert!(more.upgrade().is_none());
/// assert_eq!(weaver.try_recv(), Ok("thread"));
/// ```
pub struct WeakSender<T> {
    channel: Arc<Channel<T>>,
}

/// A [`Receiver`] that does not keep the channel open.
///
/// # Examples
///
/// ```
/// use selvedge_channel::mpmc;
///
/// let (orders, weaver) = mpmc::unbounded::<u8>();
/// // Looks on, and does not count as one who weaves.
/// let onlooker = weaver.downgrade();
/// orders.try_send(7).unwrap();
/// assert_eq!(onlooker.upgrade().map(|weavers| weavers.len()), Some(1));
/// drop(weaver);
/// assert!(onlooker.upgrade().is_none());
/// ```
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
