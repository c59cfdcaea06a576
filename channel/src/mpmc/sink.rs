//! The sender as a sink.

use super::{SendError, Sender};
use crate::raw::sink::sender_sink;

sender_sink! {
    /// A [`Sender`] as a `Sink`, by [`Sender::into_sink`].
    SenderSink, Sender
}
