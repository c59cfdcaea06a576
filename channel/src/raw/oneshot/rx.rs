//! The receiving end.
#![expect(unsafe_code, reason = "two ends share an allocation that neither owns alone")]

use core::{
    fmt,
    ptr::NonNull,
    sync::atomic::Ordering::{AcqRel, Relaxed},
    task::{Context, Poll},
};

use selvedge_sync::raw::shim::{doomed, mutant, op};

use super::{CLOSED, DROPPED, Nothing, RX_DONE, RX_WAKER, Rx, SENT, Shared, TX_DONE, TX_WAKER};

impl<T> Rx<T> {
    /// Waits for the value, or for its sender to go without; `None` if there was an answer before.
    #[inline(always)]
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Option<Poll<Option<T>>> {
        let this = self.0?;
        // SAFETY: this end is not done yet (1).
        let shared = unsafe { this.as_ref() };
        let state = shared.look();
        if state & (SENT | TX_DONE) == SENT | TX_DONE {
            self.0 = None;
            op!(shared.label, "received");
            // SAFETY: `SENT`, so it is there and ours (3).
            let value = unsafe { shared.take_value() };
            // SAFETY: the sender is done, and so are we.
            unsafe { Shared::free(this) };
            return Some(Poll::Ready(Some(value)));
        }
        if state != 0 {
            return Some(self.poll_slowly(this, state, cx));
        }
        Some(self.wait(this, cx))
    }

    /// Leaves a waker, as nothing has happened just now.
    #[inline(never)]
    fn wait(&mut self, this: NonNull<Shared<T>>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let waker = cx.waker().clone();
        // SAFETY: this end is not done yet (1).
        let shared = unsafe { this.as_ref() };
        // SAFETY: no word was spoken and no waker there, so the room is ours (2).
        unsafe { shared.rx_waker.with(|room| _ = room.write(waker)) };
        if shared.change(0, RX_WAKER) {
            op!(shared.label, "waits");
            return Poll::Pending;
        }
        self.wait_no_more(this, cx)
    }

    #[cold]
    #[inline(never)]
    fn wait_no_more(&mut self, this: NonNull<Shared<T>>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        // SAFETY: this end is not done yet (1).
        let shared = unsafe { this.as_ref() };
        // SAFETY: it was written, and `RX_WAKER` is not set, so it is still ours (2).
        drop(unsafe { shared.take_rx_waker() });
        self.poll_slowly(this, shared.look(), cx)
    }

    #[cold]
    #[inline(never)]
    fn poll_slowly(
        &mut self,
        this: NonNull<Shared<T>>,
        mut state: u8,
        cx: &mut Context<'_>,
    ) -> Poll<Option<T>> {
        // SAFETY: this end is not done yet (1).
        let shared = unsafe { this.as_ref() };
        loop {
            if state & (SENT | DROPPED | CLOSED) != 0 {
                return Poll::Ready(self.end());
            }
            if state & RX_WAKER == 0 {
                let waker = cx.waker().clone();
                // SAFETY: no word is spoken and no waker there, so the room is ours (2).
                unsafe { shared.rx_waker.with(|room| _ = room.write(waker)) };
                if shared.change(state, state | RX_WAKER) {
                    op!(shared.label, "waits");
                    return Poll::Pending;
                }
                // SAFETY: `RX_WAKER` is not set, so it is still ours (2).
                drop(unsafe { shared.take_rx_waker() });
            } else {
                // SAFETY: it is written (2); a sender that speaks meanwhile reads it as well.
                let is_same = unsafe {
                    shared.rx_waker.with_ref(|waker| waker.assume_init_ref().will_wake(cx.waker()))
                };
                if is_same || mutant!("oneshot: the waker is not replaced") {
                    return Poll::Pending;
                }
                let next = state & !RX_WAKER;
                if shared.state.compare_exchange(state, next, Relaxed, Relaxed).is_ok() {
                    // SAFETY: no word was spoken before `RX_WAKER` went, so it is ours (2).
                    drop(unsafe { shared.take_rx_waker() });
                }
            }
            state = shared.look();
        }
    }

    /// Takes the value, if it is there.
    pub(crate) fn try_recv(&mut self) -> Result<T, Nothing> {
        let Some(this) = self.0 else { return Err(Nothing::Ever) };
        // SAFETY: this end is not done yet (1).
        let state = unsafe { this.as_ref() }.look();
        match state & (SENT | DROPPED | CLOSED) {
            0 => Err(Nothing::Yet),
            _ => self.end().ok_or(Nothing::Ever),
        }
    }

    /// Takes no value any more that is not there yet.
    pub(crate) fn close(&mut self) {
        let Some(this) = self.0 else { return };
        // SAFETY: this end is not done yet (1).
        let shared = unsafe { this.as_ref() };
        let mut state = shared.look();
        loop {
            if state & (SENT | DROPPED | CLOSED) != 0 {
                return;
            }
            // ORDERING: Release pairs with the Acquire in `look`; Acquire with the Release in
            // `change`: the sender's waker comes along.
            match shared.state.compare_exchange(state, CLOSED, AcqRel, Relaxed) {
                Ok(_) => break,
                Err(now) => state = now,
            }
        }
        op!(shared.label, "closed");
        // SAFETY: no word was spoken, so it is ours (2), and written if `RX_WAKER` was set.
        let _mine = (state & RX_WAKER != 0).then(|| unsafe { shared.take_rx_waker() });
        if state & TX_WAKER != 0 {
            // SAFETY: `TX_WAKER` became `CLOSED`, so it is ours (3).
            let waker = unsafe { shared.take_tx_waker() };
            if !mutant!("oneshot: the sender is not woken") {
                waker.wake();
            }
        }
    }

    /// The end of this end: the value, if it was sent. There is an answer, or this end has closed.
    fn end(&mut self) -> Option<T> {
        let this = self.0.take()?;
        // SAFETY: this end is not done yet (1).
        let shared = unsafe { this.as_ref() };
        let is_sent = shared.look() & SENT != 0;
        op!(shared.label, if is_sent { "received" } else { "received nothing" });
        // SAFETY: `SENT`, so it is there and ours (3).
        let value = is_sent.then(|| unsafe { shared.take_value() });
        // SAFETY: this end is done.
        unsafe { Shared::leave(this, RX_DONE, TX_DONE) };
        value
    }

    /// Whether there is no value to take now.
    pub(crate) fn is_empty(&self) -> bool {
        // SAFETY: this end is not done yet (1).
        self.0.is_none_or(|this| unsafe { this.as_ref() }.state.load(Relaxed) & SENT == 0)
    }

    /// Whether there was an answer.
    pub(crate) const fn is_terminated(&self) -> bool {
        self.0.is_none()
    }
}

impl<T> Drop for Rx<T> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.0.is_some() && !doomed() {
            self.drop_slowly();
        }
    }
}

impl<T> Rx<T> {
    #[cold]
    #[inline(never)]
    fn drop_slowly(&mut self) {
        /// Ends whatever a waker that is woken or dropped does; the value goes last.
        struct Last<'a, T>(&'a mut Rx<T>);
        impl<T> Drop for Last<'_, T> {
            fn drop(&mut self) {
                drop(self.0.end());
            }
        }
        Last(self).0.close();
    }
}

impl<T> fmt::Debug for Rx<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rx")
    }
}
