//! The sending end.
#![expect(unsafe_code, reason = "two ends share an allocation that neither owns alone")]

use core::{
    fmt,
    mem::ManuallyDrop,
    ptr::NonNull,
    sync::atomic::Ordering::{AcqRel, Relaxed, Release},
    task::{Context, Poll},
};

use selvedge_sync::raw::shim::{doomed, mutant, op};

use super::{CLOSED, DROPPED, RX_DONE, RX_WAKER, SENT, Shared, TX_DONE, TX_WAKER, Tx};

impl<T> Tx<T> {
    /// Sends, unless the receiver has closed.
    #[inline(always)]
    pub(crate) fn send(self, value: T) -> Result<(), T> {
        let this = ManuallyDrop::new(self).0;
        // SAFETY: this end is not done yet (1).
        let shared = unsafe { this.as_ref() };
        let state = shared.state.load(Relaxed);
        if state & !RX_WAKER != 0 {
            return Self(this).send_slowly(value);
        }
        // SAFETY: the slot is ours until `SENT` (3), and has no waker.
        unsafe { shared.slot.with(|slot| slot.value = ManuallyDrop::new(value)) };
        if state != 0 {
            return Self(this).sent_to_waiting();
        }
        let _label = shared.label;
        // ORDERING: Release pairs with the Acquire in `look`: the value comes along.
        match shared.state.compare_exchange(0, SENT | TX_DONE, Release, Relaxed) {
            Ok(_) => {
                op!(_label, "sent");
                Ok(())
            }
            Err(_) => Self(this).sent_slowly(),
        }
    }

    /// The value is in the slot, and the receiver was waiting.
    #[inline(never)]
    fn sent_to_waiting(self) -> Result<(), T> {
        let this = ManuallyDrop::new(self).0;
        // SAFETY: this end is not done yet (1).
        let shared = unsafe { this.as_ref() };
        // ORDERING: as in `speak`.
        match shared.state.compare_exchange(RX_WAKER, SENT | RX_WAKER, AcqRel, Relaxed) {
            Ok(_) => {
                op!(shared.label, "sent");
                // SAFETY: `SENT` was set over `RX_WAKER`, and it is the sender's last word.
                unsafe { wake_receiver(this) };
                Ok(())
            }
            Err(_) => Self(this).sent_slowly(),
        }
    }

    #[cold]
    #[inline(never)]
    fn send_slowly(self, value: T) -> Result<(), T> {
        if self.forget_waker().is_err() {
            return Err(value);
        }
        // SAFETY: the slot is ours until `SENT` (3), and its waker has gone.
        unsafe { self.shared().slot.with(|slot| slot.value = ManuallyDrop::new(value)) };
        self.sent_slowly()
    }

    /// The value is in the slot.
    #[cold]
    #[inline(never)]
    fn sent_slowly(self) -> Result<(), T> {
        let this = ManuallyDrop::new(self).0;
        match speak(this, SENT) {
            Ok(()) => Ok(()),
            Err(()) => {
                // SAFETY: the slot is ours, as there is no `SENT`, and has the value.
                let value = unsafe { this.as_ref().take_value() };
                // SAFETY: this end is done.
                unsafe { Shared::leave(this, TX_DONE, RX_DONE) };
                Err(value)
            }
        }
    }

    #[inline(always)]
    fn shared(&self) -> &Shared<T> {
        // SAFETY: this end is not done yet (1).
        unsafe { self.0.as_ref() }
    }

    /// Whether the receiver has closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared().look() & CLOSED != 0
    }

    /// Waits for the receiver to close.
    pub(crate) fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let shared = self.shared();
            let state = shared.look();
            if state & CLOSED != 0 {
                return Poll::Ready(());
            }
            if state & TX_WAKER != 0 {
                // SAFETY: it is written (3); who closes meanwhile reads it as well.
                if unsafe { shared.slot.with_ref(|slot| slot.waker.will_wake(cx.waker())) } {
                    return Poll::Pending;
                }
                // If the receiver closes now, it has the old one, and the next look sees why.
                let _ = self.forget_waker();
                continue;
            }
            let waker = ManuallyDrop::new(cx.waker().clone());
            // SAFETY: the slot is ours until `SENT` (3), and empty.
            unsafe { shared.slot.with(|slot| slot.waker = waker) };
            if shared.change(state, state | TX_WAKER) {
                op!(shared.label, "waits for the closing");
                return Poll::Pending;
            }
            // SAFETY: as above; `TX_WAKER` is not set.
            drop(unsafe { shared.take_tx_waker() });
        }
    }

    /// Takes the waker back that [`poll_closed`](Self::poll_closed) left, if it did; fails if the
    /// receiver has closed, and may be using it.
    pub(crate) fn forget_waker(&self) -> Result<(), ()> {
        let shared = self.shared();
        loop {
            let state = shared.state.load(Relaxed);
            if state & CLOSED != 0 {
                return Err(());
            }
            if state & TX_WAKER == 0 {
                return Ok(());
            }
            if shared.state.compare_exchange(state, state & !TX_WAKER, Relaxed, Relaxed).is_ok() {
                // SAFETY: it was written, and is ours: nobody closed before `TX_WAKER` went (3).
                drop(unsafe { shared.take_tx_waker() });
                return Ok(());
            }
        }
    }
}

impl<T> Drop for Tx<T> {
    fn drop(&mut self) {
        if doomed() {
            return;
        }
        let this = self.0;
        /// Speaks whatever a waker that is dropped does.
        struct Last<T>(NonNull<Shared<T>>);
        impl<T> Drop for Last<T> {
            fn drop(&mut self) {
                if speak(self.0, DROPPED).is_err() {
                    // SAFETY: the sender is done.
                    unsafe { Shared::leave(self.0, TX_DONE, RX_DONE) };
                }
            }
        }
        let _last = Last(this);
        let _ = self.forget_waker();
    }
}

impl<T> fmt::Debug for Tx<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tx")
    }
}

/// The sender's one word, `SENT` or `DROPPED`, and the end of the sender; fails, and changes
/// nothing, if the receiver has closed.
fn speak<T>(this: NonNull<Shared<T>>, word: u8) -> Result<(), ()> {
    // SAFETY: the sender is not done yet (1).
    let shared = unsafe { this.as_ref() };
    let _label = shared.label;
    let mut state = shared.state.load(Relaxed);
    loop {
        if state & CLOSED != 0 {
            return Err(());
        }
        let done = if state & RX_WAKER == 0 { TX_DONE } else { 0 };
        // ORDERING: Release pairs with the Acquire in `look`; Acquire with the Release in `change`:
        // the receiver's waker comes along.
        match shared.state.compare_exchange(state, state | word | done, AcqRel, Relaxed) {
            Ok(_) => break,
            Err(now) => state = now,
        }
    }
    op!(_label, if word == SENT { "sent" } else { "will send nothing" });
    if state & RX_WAKER != 0 {
        // SAFETY: `RX_WAKER` was set under our word, which is the last.
        unsafe { wake_receiver(this) };
    }
    Ok(())
}

/// The end of a sender whose word was spoken to a receiver that waits.
///
/// # Safety
///
/// `RX_WAKER` was set under the sender's word, and it touches the allocation no more.
#[inline(always)]
unsafe fn wake_receiver<T>(this: NonNull<Shared<T>>) {
    // SAFETY: the sender is not done yet (1), and the waker is its own (2).
    let waker = unsafe { this.as_ref().take_rx_waker() };
    // SAFETY: the sender is done.
    unsafe { Shared::leave(this, TX_DONE, RX_DONE) };
    if !mutant!("oneshot: the receiver is not woken") {
        waker.wake();
    }
}
