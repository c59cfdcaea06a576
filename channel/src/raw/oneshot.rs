//! Where a oneshot's two ends meet: one allocation, one byte of state.
//!
//! ```text
//!    6         5        4         3         2        1          0
//! ┌─────────┬────────┬─────────┬─────────┬──────┬──────────┬──────────┐
//! │ RX_DONE │ CLOSED │ TX_DONE │ DROPPED │ SENT │ TX_WAKER │ RX_WAKER │
//! └─────────┴────────┴─────────┴─────────┴──────┴──────────┴──────────┘
//! ```
//!
//! | value                         | meaning                                                      |
//! |-------------------------------|--------------------------------------------------------------|
//! | 0                             | nothing has happened                                         |
//! | `RX_WAKER`, `TX_WAKER`        | the receiver waits for a value, the sender for the closing   |
//! | `SENT \| TX_DONE`             | the value is there, and all else is the receiver's           |
//! | `SENT \| RX_WAKER`            | the value is there; the waker, the sender is about to take   |
//! | `SENT \| RX_WAKER \| TX_DONE` | as `SENT \| TX_DONE`: the waker has gone                      |
//! | `DROPPED`, with the same two  | there will be no value                                       |
//! | `CLOSED`                      | the receiver takes none any more                             |
//! | `SENT \| DROPPED`             | never: the sender speaks once                                |
//! | `CLOSED` before `SENT`        | never: who closes first decides what the other may do        |
//!
//! Invariants:
//! 1. The allocation lives until both `TX_DONE` and `RX_DONE` would be set: each end touches it
//!    before it sets its own, and whoever comes second frees it.
//! 2. `rx_waker` is the receiver's, but for a sender that has set `SENT` or `DROPPED` over
//!    `RX_WAKER`, whose it is then. `RX_WAKER` is set exactly while it is written.
//! 3. `slot` is the sender's until it sets `SENT`; from there on it is the receiver's. While
//!    `TX_WAKER` is set it has the sender's waker, else the value or nothing. A receiver that turns
//!    `TX_WAKER` into `CLOSED` takes that waker.
#![expect(unsafe_code, reason = "two ends share an allocation that neither owns alone")]

use alloc::boxed::Box;
use core::{
    fmt,
    mem::{ManuallyDrop, MaybeUninit},
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::NonNull,
    sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release},
    task::{Context, Poll, Waker},
};

use selvedge_sync::raw::shim::{Cell, Heap, Label, atomic::AtomicU8, doomed, mutant, op};

const RX_WAKER: u8 = 0b000_0001;
const TX_WAKER: u8 = 0b000_0010;
const SENT: u8 = 0b000_0100;
const DROPPED: u8 = 0b000_1000;
const TX_DONE: u8 = 0b001_0000;
const CLOSED: u8 = 0b010_0000;
const RX_DONE: u8 = 0b100_0000;

struct Shared<T> {
    state: AtomicU8,
    rx_waker: Cell<MaybeUninit<Waker>>,
    slot: Cell<Slot<T>>,
    label: Label,
    _heap: Heap,
}

/// The sender's waker has to go before the value comes, so they share their room.
union Slot<T> {
    empty: (),
    value: ManuallyDrop<T>,
    waker: ManuallyDrop<Waker>,
}

/// The sending end.
pub(crate) struct Tx<T>(NonNull<Shared<T>>);

/// The receiving end, until it has an answer.
pub(crate) struct Rx<T>(Option<NonNull<Shared<T>>>);

// SAFETY: the two ends pass a `T` from thread to thread and share nothing but the state (3).
unsafe impl<T: Send> Send for Tx<T> {}
// SAFETY: a shared end gives access to the state alone.
unsafe impl<T: Send> Sync for Tx<T> {}
// SAFETY: as for `Tx`.
unsafe impl<T: Send> Send for Rx<T> {}
// SAFETY: as for `Tx`.
unsafe impl<T: Send> Sync for Rx<T> {}

// Whoever panics leaves the state whole, and a value is whole or not there.
impl<T> UnwindSafe for Tx<T> {}
impl<T> RefUnwindSafe for Tx<T> {}
impl<T> UnwindSafe for Rx<T> {}
impl<T> RefUnwindSafe for Rx<T> {}

/// Why there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nothing {
    /// There may be one yet.
    Yet,
    /// There will be none.
    Ever,
}

/// The two ends.
#[inline]
pub(crate) fn pair<T>() -> (Tx<T>, Rx<T>) {
    let shared = NonNull::from(Box::leak(Box::new(Shared {
        state: AtomicU8::new(0),
        rx_waker: Cell::new(MaybeUninit::uninit()),
        slot: Cell::new(Slot { empty: () }),
        label: Label::new("oneshot"),
        _heap: Heap::new(),
    })));
    (Tx(shared), Rx(Some(shared)))
}

impl<T> Shared<T> {
    #[inline(always)]
    fn look(&self) -> u8 {
        // ORDERING: Acquire pairs with the Releases in `send`, `speak` and `close`: with `SENT`
        // comes the value, and with each answer what the other end did before.
        self.state.load(Acquire)
    }

    /// # Safety
    ///
    /// The receiver's waker is written, and the caller's (invariant 2).
    unsafe fn take_rx_waker(&self) -> Waker {
        // SAFETY: promised by the caller; the other end may compare it meanwhile, as a reader.
        unsafe { self.rx_waker.with_ref(|waker| waker.assume_init_read()) }
    }

    /// # Safety
    ///
    /// The sender's waker is written, and the caller's (invariant 3).
    unsafe fn take_tx_waker(&self) -> Waker {
        // SAFETY: as above.
        unsafe { self.slot.with_ref(|slot| ManuallyDrop::into_inner(core::ptr::read(&slot.waker))) }
    }

    /// # Safety
    ///
    /// The value is written, and the caller's (invariant 3).
    #[inline(always)]
    unsafe fn take_value(&self) -> T {
        // SAFETY: promised by the caller.
        unsafe { self.slot.with(|slot| ManuallyDrop::take(&mut slot.value)) }
    }

    /// Frees the allocation.
    ///
    /// # Safety
    ///
    /// The other end is done, and the caller touches it no more.
    #[inline]
    unsafe fn free(this: NonNull<Self>) {
        // Touched, so that a model sees whether the other end is really done.
        // SAFETY: nobody else is left (1).
        unsafe { this.as_ref().rx_waker.with(|_| ()) };
        // SAFETY: as above.
        unsafe { this.as_ref().slot.with(|_| ()) };
        // SAFETY: it came from a box, and this is the last touch (1).
        drop(unsafe { Box::from_raw(this.as_ptr()) });
    }

    /// Sets `mine`, after which the allocation is the other end's; frees it if that has gone.
    ///
    /// # Safety
    ///
    /// The caller's end touches it no more.
    unsafe fn leave(this: NonNull<Self>, mine: u8, other: u8) {
        // SAFETY: this end is not done yet (1).
        let state = unsafe { this.as_ref() };
        // Added, for an end is done once: of all that sets a bit, this alone is one instruction.
        // ORDERING: Release lets the other end free what we touched; Acquire lets us free what it
        // touched. Each pairs with this line.
        if state.state.fetch_add(mine, AcqRel) & other != 0 {
            // SAFETY: the other end is done, and so are we.
            unsafe { Self::free(this) };
        }
    }
}

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

impl<T> Shared<T> {
    /// Shows the other end a waker.
    fn change(&self, from: u8, to: u8) -> bool {
        // RACE: 1. A looks, and finds nothing. 2. B answers, and finds no waker. 3. A leaves its
        //       waker, and sleeps for ever. So this fails if anything changed since A looked.
        // ORDERING: Release pairs with the Acquires in `speak` and `close`: the waker comes along.
        self.state.compare_exchange(from, to, Release, Relaxed).is_ok()
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

impl<T> fmt::Debug for Tx<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tx")
    }
}

impl<T> fmt::Debug for Rx<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rx")
    }
}
