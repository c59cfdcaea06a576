//! What waits for a broadcast channel.

#[cfg(feature = "stream")]
use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use selvedge_sync::{Acquire, raw::line::Wait};

use super::{
    error::{RecvError, SendError, TryRecvError},
    shared::{Cursor, Pushed, Shared},
};
use crate::raw::gate::{Gate, Past};

pin_project! {
    /// The future of [`Receiver::recv`](super::Receiver::recv).
    #[must_use = "futures do nothing unless polled"]
    pub struct Recv<'a, T> {
        shared: &'a Shared<T>,
        cursor: &'a mut Cursor<T>,
        is_done: bool,
        #[pin]
        wait: Option<Wait<&'a Gate, Past>>,
    }
}

impl<'a, T> Recv<'a, T> {
    #[inline(always)]
    pub(super) fn new(shared: &'a Shared<T>, cursor: &'a mut Cursor<T>) -> Self {
        Self { shared, cursor, is_done: false, wait: None }
    }
}

impl<T: Clone> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.as_mut().project();
        if this.wait.is_none() && !*this.is_done {
            if let Some(message) = this.shared.try_recv_fast(this.cursor) {
                *this.is_done = true;
                return Poll::Ready(Ok(message));
            }
        }
        self.poll_slowly(cx)
    }
}

impl<T: Clone> Recv<'_, T> {
    #[cold]
    #[inline(never)]
    fn poll_slowly(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, RecvError>> {
        let mut this = self.project();
        assert!(!*this.is_done, "a future was polled after completion");
        loop {
            if let Some(wait) = this.wait.as_mut().as_pin_mut() {
                drop(ready!(wait.poll_turn(cx)));
                this.wait.set(None);
            }
            let result = match this.shared.try_recv_slowly(this.cursor) {
                Ok(message) => Ok(message),
                Err(TryRecvError::Closed) => Err(RecvError::Closed),
                Err(TryRecvError::Lagged(count)) => Err(RecvError::Lagged(count)),
                Err(TryRecvError::Empty) => {
                    this.wait.set(Some(this.shared.sent.past(this.cursor.next())));
                    continue;
                }
            };
            *this.is_done = true;
            return Poll::Ready(result);
        }
    }
}

pin_project! {
    /// The future of [`Sender::broadcast`](super::Sender::broadcast).
    #[must_use = "futures do nothing unless polled"]
    pub struct Broadcast<'a, T> {
        shared: &'a Shared<T>,
        message: Option<T>,
        #[pin]
        permit: Option<Acquire<'a>>,
    }
}

impl<'a, T> Broadcast<'a, T> {
    pub(super) fn new(shared: &'a Shared<T>, message: T) -> Self {
        let permit = shared.ring().room().map(selvedge_sync::Semaphore::acquire);
        Self { shared, message: Some(message), permit }
    }
}

impl<T> Future for Broadcast<'_, T> {
    type Output = Result<Option<T>, SendError<T>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(permit) = this.permit.as_mut().as_pin_mut() {
            if let Ok(permit) = ready!(permit.poll(cx)) {
                permit.forget();
            }
            this.permit.set(None);
        }
        let Some(message) = this.message.take() else { polled_after_completion() };
        Poll::Ready(match this.shared.push_inside(message) {
            Pushed::Sent(_, displaced) => Ok(displaced),
            Pushed::Dropped(message) => Ok(Some(message)),
            Pushed::Full(message) | Pushed::Closed(message) => Err(SendError(message)),
        })
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn polled_after_completion() -> ! {
    panic!("a future was polled after completion")
}

pin_project! {
    /// The future of [`Sender::closed`](super::Sender::closed).
    #[must_use = "futures do nothing unless polled"]
    pub struct Closed<'a, T> {
        shared: &'a Shared<T>,
        #[pin]
        wait: Option<Wait<&'a Gate, Past>>,
    }
}

impl<'a, T> Closed<'a, T> {
    pub(super) fn new(shared: &'a Shared<T>) -> Self {
        Self { shared, wait: None }
    }
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let shared = *this.shared;
        shared.deserted.poll_until(this.wait, cx, || shared.receivers() == (0, 0))
    }
}

#[cfg(feature = "stream")]
pin_project! {
    /// The stream of [`Receiver::into_stream`](super::Receiver::into_stream).
    #[must_use = "streams do nothing unless polled"]
    pub struct Messages<T> {
        receiver: super::Receiver<T>,
        #[pin]
        wait: Option<Wait<Arc<Shared<T>>, Past>>,
    }
}

#[cfg(feature = "stream")]
impl<T> Messages<T> {
    pub(super) fn new(receiver: super::Receiver<T>) -> Self {
        Self { receiver, wait: None }
    }
}

#[cfg(feature = "stream")]
impl<T: Clone> futures_core::Stream for Messages<T> {
    type Item = Result<T, super::error::Lagged>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            match this.receiver.try_recv() {
                Ok(message) => return Poll::Ready(Some(Ok(message))),
                Err(TryRecvError::Closed) => return Poll::Ready(None),
                Err(TryRecvError::Lagged(count)) => {
                    return Poll::Ready(Some(Err(super::error::Lagged(count))));
                }
                Err(TryRecvError::Empty) => {}
            }
            if this.wait.is_none() {
                let shared = Arc::clone(&this.receiver.shared);
                this.wait.set(Some(Wait::new(shared, Past(this.receiver.cursor.next()))));
            }
            if let Some(wait) = this.wait.as_mut().as_pin_mut() {
                drop(ready!(wait.poll_turn(cx)));
            }
            this.wait.set(None);
        }
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Broadcast<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}

#[cfg(feature = "stream")]
impl<T> fmt::Debug for Messages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Messages").finish_non_exhaustive()
    }
}
