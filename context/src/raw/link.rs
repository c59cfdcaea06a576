//! One value, from the task that has it to the task that waits for it; and a word back.
//!
//! | bit       | set by       | meaning                                     |
//! |-----------|--------------|---------------------------------------------|
//! | `DONE`    | the sender   | the value is there, and the receiver's      |
//! | `STOP`    | anybody      | the sender is asked to stop                 |
//! | `GONE`    | the receiver | nobody takes the value any more             |
//!
//! Invariants:
//! 1. `value` is the sender's until it sets `DONE`, once; from there on it is the receiver's, or,
//!    if `GONE` was set before, the sender's still.
//! 2. Whoever sets a bit wakes the other side after it; who waits registers, and looks again.
#![expect(unsafe_code, reason = "the value is handed over by a bit")]

use alloc::sync::Arc;
use core::{
    fmt,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
    task::{Context, Poll},
};

use selvedge_sync::raw::{
    shim::{Cell, atomic::AtomicU8, doomed, mutant},
    slot::WakerSlot,
};

const DONE: u8 = 1;
const STOP: u8 = 2;
const GONE: u8 = 4;

/// What both sides share.
struct Link<T> {
    state: AtomicU8,
    value: Cell<Option<T>>,
    receiver: WakerSlot,
    sender: WakerSlot,
}

impl<T> Link<T> {
    fn is_done(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `send`: with `DONE` comes the value, and all
        // that the sender did.
        self.state.load(Acquire) & DONE != 0
    }
}

/// The end of the one that has the value.
pub struct Sender<T>(Arc<Link<T>>);

/// The end of the one that waits for it.
pub struct Receiver<T>(Arc<Link<T>>);

/// Both ends of a new link.
#[cfg_attr(selvedge_loom, track_caller)]
pub fn link<T>() -> (Sender<T>, Receiver<T>) {
    let link = Arc::new(Link {
        state: AtomicU8::new(0),
        value: Cell::new(None),
        receiver: WakerSlot::new(),
        sender: WakerSlot::new(),
    });
    (Sender(link.clone()), Receiver(link))
}

impl<T> Sender<T> {
    /// Hands the value over.
    ///
    /// # Errors
    ///
    /// Nobody takes it any more; here it is.
    pub fn send(self, value: T) -> Result<(), T> {
        let link = &*self.0;
        // SAFETY: there is one sender, which sends once, so the value is its own (1).
        unsafe { link.value.with(|slot| *slot = Some(value)) };
        // ORDERING: Release pairs with the Acquire in `is_done` and `drop`.
        if link.state.fetch_or(DONE, Release) & GONE != 0 {
            // SAFETY: `GONE` came first, so it is the sender's still (1).
            return unsafe { link.value.with(Option::take) }.map_or(Ok(()), Err);
        }
        if !mutant!("a value arrives without a wake-up") {
            link.receiver.wake();
        }
        Ok(())
    }

    /// Whether the other side asks for an end.
    #[inline]
    pub fn is_stopped(&self) -> bool {
        self.0.state.load(Relaxed) & STOP != 0
    }

    /// Whether the other side asks for an end; if not, the task is woken when it does.
    #[inline]
    pub fn poll_stopped(&self, cx: &Context<'_>) -> bool {
        self.0.sender.register(cx.waker());
        // RACE: 1. the sender finds no `STOP` and works, 2. `stop` finds nobody to wake, 3. the
        //       sender registers, and nobody stops it. So it looks again.
        !mutant!("a sender looks once") && self.is_stopped()
    }
}

impl<T> Receiver<T> {
    /// Whether the value is there.
    pub fn is_done(&self) -> bool {
        self.0.is_done()
    }

    /// Waits for the value.
    ///
    /// # Panics
    ///
    /// If the value was taken before.
    pub fn poll(&mut self, cx: &Context<'_>) -> Poll<T> {
        let link = &*self.0;
        if !link.is_done() {
            link.receiver.register(cx.waker());
            // RACE: 1. we look, 2. the value comes and finds nobody to wake, 3. we register, and
            //       sleep for ever. So we look again.
            if mutant!("a receiver looks once") || !link.is_done() {
                return Poll::Pending;
            }
            drop(link.receiver.take());
        }
        // SAFETY: `DONE` is set and `GONE` is not, so the value is the receiver's (1).
        let value = unsafe { link.value.with(Option::take) };
        Poll::Ready(value.expect("a future was polled after completion"))
    }

    /// Asks the other side for an end.
    pub fn stop(&self) {
        if self.0.state.fetch_or(STOP, Relaxed) & (STOP | DONE) == 0
            && !mutant!("a task that is stopped is not woken")
        {
            self.0.sender.wake();
        }
    }
}

impl<T> Drop for Receiver<T> {
    /// A value that was sent is dropped; one that is sent later goes back.
    fn drop(&mut self) {
        if doomed() {
            return;
        }
        drop(self.0.receiver.take());
        // ORDERING: Acquire pairs with the Release in `send`: a value that is there is ours.
        if self.0.state.fetch_or(GONE, Acquire) & DONE != 0 {
            // SAFETY: `DONE` came before `GONE`, so it is the receiver's (1).
            drop(unsafe { self.0.value.with(Option::take) });
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sender")
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Receiver")
    }
}
