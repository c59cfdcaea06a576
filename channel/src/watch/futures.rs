//! What waits for a watch.

#[cfg(feature = "stream")]
use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use selvedge_sync::raw::{line::Wait, shim::mutant};

use super::{Ref, error::RecvError, shared::Shared};
use crate::raw::gate::{Gate, Past};

pin_project! {
    /// The future of [`Receiver::changed`](super::Receiver::changed).
    #[must_use = "futures do nothing unless polled"]
    pub struct Changed<'a> {
        version: &'a Gate,
        seen: &'a mut u64,
        #[pin]
        wait: Wait<&'a Gate, Past>,
    }
}

impl<'a> Changed<'a> {
    #[inline]
    pub(super) fn new(version: &'a Gate, seen: &'a mut u64) -> Self {
        let wait = version.past(*seen);
        Self { version, seen, wait }
    }
}

impl Future for Changed<'_> {
    type Output = Result<(), RecvError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let turn = ready!(this.wait.poll_turn(cx));
        let now = this.version.look().number();
        // Closed, and the last value was seen.
        if turn.is_none() && !mutant!("watch: the last value is not seen") {
            return Poll::Ready(Err(RecvError(())));
        }
        **this.seen = now;
        Poll::Ready(Ok(()))
    }
}

pin_project! {
    /// The future of [`Receiver::wait_for`](super::Receiver::wait_for).
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitFor<'a, T, F> {
        shared: &'a Shared<T>,
        seen: &'a mut u64,
        predicate: F,
        is_done: bool,
        #[pin]
        wait: Option<Wait<&'a Gate, Past>>,
    }
}

impl<'a, T, F> WaitFor<'a, T, F> {
    pub(super) fn new(shared: &'a Shared<T>, seen: &'a mut u64, predicate: F) -> Self {
        Self { shared, seen, predicate, is_done: false, wait: None }
    }
}

impl<'a, T, F: FnMut(&T) -> bool> Future for WaitFor<'a, T, F> {
    type Output = Result<Ref<'a, T>, RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        assert!(!*this.is_done, "a future was polled after completion");
        loop {
            let mut is_closed = false;
            if let Some(wait) = this.wait.as_mut().as_pin_mut() {
                is_closed = ready!(wait.poll_turn(cx)).is_none();
                this.wait.set(None);
            }
            let (look, version) = this.shared.look();
            let has_changed = version != **this.seen;
            **this.seen = version;
            if !is_closed || has_changed {
                let found = Ref { look, has_changed };
                // Nothing is locked, and nothing is lost if it panics.
                if (this.predicate)(&found) {
                    *this.is_done = true;
                    return Poll::Ready(Ok(found));
                }
            }
            if is_closed {
                *this.is_done = true;
                return Poll::Ready(Err(RecvError(())));
            }
            this.wait.set(Some(this.shared.version.past(version)));
        }
    }
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
        shared.deserted.poll_until(this.wait, cx, || shared.receivers.load(Relaxed) == 0)
    }
}

#[cfg(feature = "stream")]
pin_project! {
    /// The stream of [`Receiver::into_stream`](super::Receiver::into_stream).
    #[must_use = "streams do nothing unless polled"]
    pub struct Changes<T> {
        receiver: super::Receiver<T>,
        is_first: bool,
        #[pin]
        wait: Option<Wait<Arc<Shared<T>>, Past>>,
    }
}

#[cfg(feature = "stream")]
impl<T> Changes<T> {
    pub(super) fn new(receiver: super::Receiver<T>) -> Self {
        Self { receiver, is_first: true, wait: None }
    }
}

#[cfg(feature = "stream")]
impl<T: Clone> futures_core::Stream for Changes<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let mut this = self.project();
        if !core::mem::take(this.is_first) {
            let shared = &this.receiver.shared;
            if this.wait.is_none() {
                let wait = Wait::new(Arc::clone(shared), Past(this.receiver.seen));
                this.wait.set(Some(wait));
            }
            if let Some(wait) = this.wait.as_mut().as_pin_mut() {
                let turn = ready!(wait.poll_turn(cx));
                this.wait.set(None);
                if turn.is_none() {
                    return Poll::Ready(None);
                }
            }
        }
        let value = this.receiver.borrow_and_update();
        Poll::Ready(Some(T::clone(&value)))
    }
}

impl fmt::Debug for Changed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed").finish_non_exhaustive()
    }
}

impl<T, F> fmt::Debug for WaitFor<'_, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitFor").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed").finish_non_exhaustive()
    }
}

#[cfg(feature = "stream")]
impl<T> fmt::Debug for Changes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").finish_non_exhaustive()
    }
}
