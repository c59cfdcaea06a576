//! Sending with a deadline: what needs a channel and a timer, which know nothing of each other.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use selvedge_channel::mpsc::{
    Reserve, Sender,
    error::{SendError, SendTimeoutError},
};
use selvedge_timer::{Timeout, timeout};

/// `send_timeout`, for a [`Sender`].
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::time::Duration;
///
/// use selvedge::{SendTimeoutExt, channel::mpsc};
///
/// let (sender, _receiver) = mpsc::channel(1);
/// sender.send_timeout("warp", Duration::from_millis(1)).await?;
/// let late = sender.send_timeout("weft", Duration::from_millis(1)).await;
/// assert_eq!(late.unwrap_err().into_inner(), "weft");
/// # Ok::<(), mpsc::error::SendTimeoutError<&str>>(())
/// # }).unwrap();
/// ```
pub trait SendTimeoutExt<T> {
    /// Sends a message, once there is a place for it, if that is within `limit`.
    ///
    /// # Cancel safety
    ///
    /// A future that is dropped before it was ready has sent nothing, and its message goes with it.
    ///
    /// # Errors
    ///
    /// The future ends with the message when the time is over, or the channel is closed.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion, or if the timer's thread cannot be started.
    fn send_timeout(&self, message: T, limit: Duration) -> SendTimeout<'_, T>;
}

impl<T> SendTimeoutExt<T> for Sender<T> {
    fn send_timeout(&self, message: T, limit: Duration) -> SendTimeout<'_, T> {
        SendTimeout { message: Some(message), place: timeout(limit, self.reserve()) }
    }
}

pin_project_lite::pin_project! {
    /// The future of [`SendTimeoutExt::send_timeout`].
    #[must_use = "futures do nothing unless polled"]
    pub struct SendTimeout<'a, T> {
        message: Option<T>,
        #[pin]
        place: Timeout<Reserve<'a, T>>,
    }
}

impl<T> Future for SendTimeout<'_, T> {
    type Output = Result<(), SendTimeoutError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.place.poll(cx).map(|place| {
            let message = this.message.take().expect("polled after completion");
            match place {
                Ok(Ok(permit)) => {
                    permit.send(message);
                    Ok(())
                }
                Ok(Err(SendError(()))) => Err(SendTimeoutError::Closed(message)),
                Err(_) => Err(SendTimeoutError::Timeout(message)),
            }
        })
    }
}

impl<T> fmt::Debug for SendTimeout<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendTimeout").finish_non_exhaustive()
    }
}
