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
    mem::{ManuallyDrop, MaybeUninit},
    panic::{RefUnwindSafe, UnwindSafe},
    ptr::NonNull,
    sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release},
    task::Waker,
};

use selvedge_sync::raw::shim::{Cell, Heap, Label, atomic::AtomicU8};

mod rx;
mod tx;

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

impl<T> Shared<T> {
    /// Shows the other end a waker.
    fn change(&self, from: u8, to: u8) -> bool {
        // RACE: 1. A looks, and finds nothing. 2. B answers, and finds no waker. 3. A leaves its
        //       waker, and sleeps for ever. So this fails if anything changed since A looked.
        // ORDERING: Release pairs with the Acquires in `speak` and `close`: the waker comes along.
        self.state.compare_exchange(from, to, Release, Relaxed).is_ok()
    }
}
