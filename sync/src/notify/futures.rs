//! The futures of a notification.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::{Notify, Since};
use crate::raw::line::{Handle, Turn, Wait};

pin_project! {
    /// The future of [`Notify::notified`].
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::pin::pin;
    ///
    /// use selvedge_sync::Notify;
    ///
    /// let (news, list) = (Notify::new(), std::sync::Mutex::new(Vec::new()));
    /// let mut told = pin!(news.notified());
    /// // In line from now on, and not only from the first poll: what comes between the look at the list
    /// // and the wait is not missed.
    /// told.as_mut().enable();
    /// assert!(list.lock().unwrap().is_empty());
    /// list.lock().unwrap().push("a line");
    /// news.notify_waiters();
    /// told.await;
    /// assert_eq!(list.lock().unwrap().len(), 1);
    /// # });
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Notified<'a> {
        #[pin]
        pub(super) wait: Wait<&'a Notify, Since>,
    }
}

pin_project! {
    /// The future of [`Notify::notified_owned`].
    #[must_use = "futures do nothing unless polled"]
    pub struct OwnedNotified {
        #[pin]
        pub(super) wait: Wait<Arc<Notify>, Since>,
    }
}

impl Notified<'_> {
    /// Takes the place in line now, without a poll; whether a notification has come already.
    ///
    /// A notification that comes later makes the next poll ready. One that this has found is used
    /// up: the future is ready, and dropping it passes nothing on.
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn enable(self: Pin<&mut Self>) -> bool {
        enable(self.project().wait)
    }
}

impl OwnedNotified {
    /// As [`Notified::enable`].
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn enable(self: Pin<&mut Self>) -> bool {
        enable(self.project().wait)
    }
}

fn enable<H: Handle<Target = Notify>>(wait: Pin<&mut Wait<H, Since>>) -> bool {
    wait.handle().is_none() || keep(wait.enter()).is_ready()
}

/// A notification that was received is not given back.
#[inline(always)]
pub(crate) fn keep<H: Handle<Target = Notify>>(turn: Poll<Option<Turn<H, Since>>>) -> Poll<()> {
    turn.map(|turn| drop(turn.map(Turn::into_handle)))
}

impl Future for Notified<'_> {
    type Output = ();

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let wait = self.project().wait;
        if wait.handle().is_none() { Poll::Ready(()) } else { keep(wait.poll_turn(cx)) }
    }
}

impl Future for OwnedNotified {
    type Output = ();

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let wait = self.project().wait;
        if wait.handle().is_none() { Poll::Ready(()) } else { keep(wait.poll_turn(cx)) }
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified").finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedNotified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedNotified").finish_non_exhaustive()
    }
}
