//! The senders as sinks.

use super::{Sender, UnboundedSender, error::SendError};
use crate::raw::sink::sender_sink;

sender_sink! {
    /// A [`Sender`] as a `Sink`, by [`Sender::into_sink`].
    SenderSink, Sender
}

sender_sink! {
    /// An [`UnboundedSender`] as a `Sink`, by [`UnboundedSender::into_sink`]: always ready.
    UnboundedSenderSink, UnboundedSender
}
