//! One value, from the task that has it to the task that waits for it; and a word back.
//!
//! | bit       | set by       | meaning                                     |
//! |-----------|--------------|---------------------------------------------|
//! | `DONE`    | the sender   | the value is there, and the receiver's      |
//! | `STOP`    | anybody      | the sender is asked to stop                 |
//! | `GONE`    | the receiver | nobody takes the value any more             |
//! | `WAITS`   | the receiver | it has left a waker, once at least          |
//!
//! Invariants:
//! 1. `value` is the sender's until it sets `DONE`, once; from there on it is the receiver's, or,
//!    if `GONE` was set before, the sender's still.
//! 2. Whoever sets a bit wakes the other side after it; who waits registers, and looks again.
#![expect(unsafe_code, reason = "the value is handed over by a bit")]

use alloc::sync::Arc;
use core::{
    fmt,
    sync::atomic::Ordering::{AcqRel, Acquire, Relaxed},
    task::{Context, Poll},
};

use selvedge_sync::raw::{
    shim::{Cell, atomic::AtomicU8, doomed, mutant},
    slot::WakerSlot,
};

const DONE: u8 = 1;
const STOP: u8 = 2;
const GONE: u8 = 4;
const WAITS: u8 = 8;

/// What both sides share.
struct Link<T> {
    state: AtomicU8,
    value: Cell<Option<T>>,
    receiver: WakerSlot,
    sender: WakerSlot,
}

impl<T> Link<T> {
    #[inline]
    fn state(&self) -> u8 {
        // ORDERING: Acquire pairs with the Release in `send`: with `DONE` comes the value, and all
        // that the sender did.
        self.state.load(Acquire)
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
    #[inline]
    pub fn send(self, value: T) -> Result<(), T> {
        let link = &*self.0;
        // SAFETY: there is one sender, which sends once, so the value is its own (1).
        unsafe { link.value.with(|slot| *slot = Some(value)) };
        // ORDERING: Release pairs with the Acquire in `state`, `poll` and `drop`. Acquire pairs with
        // the Release in `poll`: with `WAITS` comes the waker.
        let before = link.state.fetch_or(DONE, AcqRel);
        if before & GONE != 0 {
            // SAFETY: `GONE` came first, so it is the sender's still (1).
            return unsafe { link.value.with(Option::take) }.map_or(Ok(()), Err);
        }
        if before & WAITS != 0 && !mutant!("a value arrives without a wake-up") {
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
        self.0.state() & DONE != 0
    }

    /// Waits for the value.
    ///
    /// # Panics
    ///
    /// If the value was taken before.
    pub fn poll(&mut self, cx: &Context<'_>) -> Poll<T> {
        let link = &*self.0;
        let state = link.state();
        if state & DONE == 0 {
            link.receiver.register(cx.waker());
            // RACE: 1. we look, 2. the value comes and finds nobody to wake, 3. we register, and
            //       sleep for ever. So we look again: in the step that says that we wait, or, once
            //       that is said, behind the slot, which both sides go through then.
            let again = if state & WAITS == 0 {
                // ORDERING: Release pairs with the Acquire in `send`, which finds the waker then;
                // Acquire with its Release, as in `state`.
                link.state.fetch_or(WAITS, AcqRel)
            } else {
                link.state()
            };
            if mutant!("a receiver looks once") || again & DONE == 0 {
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
        let link = &*self.0;
        let state = link.state();
        if state & DONE == 0 {
            if state & WAITS != 0 {
                drop(link.receiver.take());
            }
            // ORDERING: Acquire pairs with the Release in `send`: a value that is there is ours.
            if link.state.fetch_or(GONE, Acquire) & DONE == 0 {
                return;
            }
        }
        // SAFETY: `DONE` came before `GONE`, so it is the receiver's (1).
        drop(unsafe { link.value.with(Option::take) });
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
