//! Waiting on a side of a store, and sending to it.
//!
//! The fast half of a poll looks at one bound, in the caller; the rest is cold: the first poll that has to wait, a later one that has something to look at, and going away. No waker
//! is cloned, woken or dropped while the lock is held.
#![expect(unsafe_code, reason = "waits own the pinned nodes that they put in line")]

use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use selvedge_sync::raw::{
    list::{Slot, State as Stand},
    shim::{self, mutant, op},
    wakers::{Wake, in_batches},
};

use super::{
    blocks::{Block, Blocks},
    side::{Ask, By, Cargo, Seat, Side},
    state::{Put, Readers, State},
    store::{Overflow, Store},
};

/// Which side of a state a wait is on.
pub(super) type SideOf<T, R> = fn(&mut State<T, R>) -> &mut Side<T>;

/// What somebody found who looked with the lock held.
pub(super) enum Look<O> {
    /// What it waited for.
    Found(O),
    /// Nothing.
    Nothing,
    /// It has to look again, as if it had not.
    Again,
}

/// Wakers to be dropped once what was found is safe.
pub(super) type Spare = [Option<Waker>; 2];

/// Waits on one side, by `look`.
pub(super) fn wait<T, R: Readers, O>(
    store: &Store<T, R>,
    side: SideOf<T, R>,
    mut slot: Pin<&mut Seat<T>>,
    ask: Ask<T>,
    cx: &Context<'_>,
    mut look: impl FnMut(&mut State<T, R>, By) -> Look<O>,
) -> (Look<O>, Spare) {
    let was_taken = slot.as_mut().is_taken();
    // SAFETY: it is taken.
    let stand = was_taken.then(|| unsafe { slot.as_mut().state() });
    // SAFETY: it is taken.
    if stand == Some(Stand::Waiting) && unsafe { slot.as_mut().knows(cx.waker()) } {
        return (Look::Nothing, [None, None]);
    }
    // Whoever was called will mostly find something, and needs no waker then.
    let mut waker =
        if matches!(stand, None | Some(Stand::Waiting)) { Some(cx.waker().clone()) } else { None };
    let mut old = None;
    loop {
        let (look, wake) = store.state.with(|state| {
            let by = if was_taken {
                // SAFETY: it is taken, and its node is in no other line than this side's.
                unsafe { side(state).looks(slot.as_mut()) }
            } else {
                Some(By::Newcomer)
            };
            let Some(by) = by else {
                // SAFETY: as above, and it is in line.
                old = waker.take().and_then(|new| unsafe { side(state).rest(slot.as_mut(), new) });
                return (Some(Look::Nothing), Wake::NOBODY);
            };
            let look = look(state, by);
            let mut wake = Wake::NOBODY;
            match &look {
                Look::Again => side(state).unlooked(by),
                Look::Found(_) if was_taken => {
                    // SAFETY: it is taken, and out of line.
                    old = unsafe { slot.as_mut().clear() };
                }
                Look::Found(_) => {}
                Look::Nothing => {
                    let Some(new) = waker.take() else {
                        side(state).unlooked(by);
                        return (None, wake);
                    };
                    if was_taken {
                        // SAFETY: it is taken, and out of line.
                        unsafe { side(state).back(slot.as_mut(), new) };
                    } else {
                        let now = state.tick();
                        side(state).stand(slot.as_mut(), ask, new, now);
                        wake = state.arrived();
                    }
                    // Who finds something has left the state reviewed.
                    state.review();
                }
            }
            (Some(look), wake)
        });
        let Some(look) = look else {
            waker = Some(cx.waker().clone());
            continue;
        };
        if matches!(look, Look::Nothing) {
            op!(store.label, "waits");
            wake.wake();
        }
        return (look, [waker, old]);
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn polled_after_completion() -> ! {
    panic!("a future was polled after completion")
}

/// Leaves the line of one side: what was given goes to the next.
#[cold]
#[inline(never)]
pub(super) fn leave<T, R: Readers>(
    store: &Store<T, R>,
    side: SideOf<T, R>,
    mut slot: Pin<&mut Seat<T>>,
) {
    if shim::doomed() {
        return;
    }
    op!(store.label, "leaves the line");
    // Outlives the wake-ups below, one of which may panic, and is dropped by that as well.
    let mut _waker = None;
    let mut first = true;
    in_batches(|wakes| {
        store.state.with(|state| {
            if core::mem::take(&mut first) {
                // SAFETY: the callers have found it taken, and it is in no other line.
                _waker = unsafe { side(state).leave(slot.as_mut()) };
            }
            let mut more = false;
            if !mutant!("who leaves a channel lets nobody in") {
                more = state.serve_places(wakes) || state.serve_readers(wakes);
                more = more || (state.is_ended() && state.call_readers(wakes));
            }
            state.review();
            more
        })
    });
}

/// Sends the cargo, once there is a place for it.
///
/// # Panics
///
/// Panics if polled again after it was ready.
#[inline(always)]
pub(crate) fn poll_send<T, R: Readers>(
    store: &Store<T, R>,
    mut cargo: Pin<&mut Cargo<T>>,
    mut slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<Result<(), T>> {
    if !slot.as_mut().is_taken() {
        // SAFETY: it stands in no line.
        let Some(value) = (unsafe { cargo.as_mut().take() }) else { polled_after_completion() };
        match store.send_fast(value) {
            Ok(()) => return Poll::Ready(Ok(())),
            // SAFETY: it stands in no line.
            Err(value) => unsafe { cargo.as_mut().put(value) },
        }
    }
    poll_send_slowly(store, cargo, slot, cx)
}

#[cold]
#[inline(never)]
fn poll_send_slowly<T, R: Readers>(
    store: &Store<T, R>,
    mut cargo: Pin<&mut Cargo<T>>,
    mut slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<Result<(), T>> {
    let mut block: Option<Block<T>> = None;
    let mut slots = 0;
    let waits = store.overflow() == Overflow::Wait;
    loop {
        let ask = Ask::with_cargo(cargo.as_mut());
        let look = |state: &mut State<T, R>, by| {
            // SAFETY: the lock is held.
            let Some(value) = (unsafe { cargo.as_mut().take() }) else {
                debug_assert_eq!(by, By::Done, "a receiver has taken the value");
                return Look::Found(Ok(Wake::NOBODY));
            };
            let (value, look) = match state.put(value, by, &mut block) {
                Put::In(wake) => return Look::Found(Ok(wake)),
                put @ Put::Closed(_) => return Look::Found(Err(put)),
                Put::Full(value) if !waits => return Look::Found(Err(Put::Full(value))),
                Put::Full(value) => (value, Look::Nothing),
                Put::NoBlock(value, wanted) => {
                    slots = wanted;
                    (value, Look::Again)
                }
            };
            // SAFETY: the lock is held.
            unsafe { cargo.as_mut().put(value) };
            look
        };
        let (look, spare) = wait(store, |s| &mut s.places, slot.as_mut(), ask, cx, look);
        return match look {
            Look::Again => {
                block = Some(Blocks::block(slots));
                continue;
            }
            Look::Nothing => Poll::Pending,
            Look::Found(Err(Put::Full(value))) => {
                Poll::Ready(store.overflowed(value).map_err(Put::into_value))
            }
            Look::Found(Err(put)) => Poll::Ready(Err(put.into_value())),
            Look::Found(Ok(wake)) => {
                op!(store.label, "sent after a wait");
                wake.wake();
                drop(spare);
                Poll::Ready(Ok(()))
            }
        };
    }
}

/// Gives up a send; hands out its value, if it was not sent.
#[inline]
pub(crate) fn leave_send<T, R: Readers>(
    store: &Store<T, R>,
    cargo: Pin<&mut Cargo<T>>,
    mut slot: Pin<&mut Seat<T>>,
) -> Option<T> {
    if slot.as_mut().is_taken() {
        leave(store, |s| &mut s.places, slot);
    }
    // SAFETY: it stands in no line, by now.
    unsafe { cargo.take() }
}

/// Waits for `places`, and holds them; whether they are to be had, ever.
///
/// # Panics
///
/// Panics if polled again after it was ready.
pub(crate) fn poll_reserve<T, R: Readers>(
    store: &Store<T, R>,
    places: usize,
    slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<Result<(), ()>> {
    let look = |state: &mut State<T, R>, by| match state.reserve(places, by) {
        Ok(()) => Look::Found(Ok(())),
        Err(true) => Look::Found(Err(())),
        Err(false) => Look::Nothing,
    };
    let (look, spare) = wait(store, |s| &mut s.places, slot, Ask::units(places), cx, look);
    match look {
        Look::Found(found) => {
            // Other people's code: should it panic, the places go back.
            let held = Held { store, places: if found.is_ok() { places } else { 0 } };
            drop(spare);
            core::mem::forget(held);
            Poll::Ready(found)
        }
        _ => Poll::Pending,
    }
}

struct Held<'a, T, R: Readers> {
    store: &'a Store<T, R>,
    places: usize,
}

impl<T, R: Readers> Drop for Held<'_, T, R> {
    fn drop(&mut self) {
        self.store.give_back(self.places);
    }
}

/// Gives up waiting for places.
#[inline]
pub(crate) fn leave_reserve<T, R: Readers>(store: &Store<T, R>, mut slot: Pin<&mut Seat<T>>) {
    if slot.as_mut().is_taken() {
        leave(store, |s| &mut s.places, slot);
    }
}

/// Waits for the channel to be closed.
pub(crate) fn poll_closed<T, R: Readers>(
    store: &Store<T, R>,
    mut slot: Pin<&mut Slot<()>>,
    cx: &Context<'_>,
) -> Poll<()> {
    let was_taken = slot.as_mut().is_taken();
    // SAFETY: it is taken.
    let waits = was_taken && unsafe { slot.as_mut().state() } == Stand::Waiting;
    // SAFETY: as above.
    if waits && unsafe { slot.as_mut().knows(cx.waker()) } {
        return Poll::Pending;
    }
    let mut waker = Some(cx.waker().clone());
    let mut old = None;
    let is_closed = store.state.with(|state| {
        let waits = was_taken
            // SAFETY: it is taken.
            && unsafe { slot.as_mut().state() } == Stand::Waiting;
        if state.closed && !waits {
            if was_taken {
                // SAFETY: it is taken, and out of line.
                old = unsafe { slot.as_mut().clear() };
            }
            return true;
        }
        if let Some(waker) = waker.take() {
            if waits {
                // SAFETY: it is taken, and in line.
                old = unsafe { state.closers().rest(slot.as_mut(), waker) };
            } else {
                slot.as_mut().fill((), waker);
                // SAFETY: filled above; its future takes it out before it goes (`leave_closed`).
                unsafe { state.closers().push_back(slot.as_mut()) };
            }
        }
        false
    });
    drop((waker, old));
    if is_closed { Poll::Ready(()) } else { Poll::Pending }
}

/// Gives up waiting for the channel to be closed.
pub(crate) fn leave_closed<T, R: Readers>(store: &Store<T, R>, mut slot: Pin<&mut Slot<()>>) {
    if !slot.as_mut().is_taken() || shim::doomed() {
        return;
    }
    let waker = store.state.with(|state| {
        // SAFETY: it is taken.
        if unsafe { slot.as_mut().state() } == Stand::Waiting {
            // SAFETY: it is taken, and in line.
            unsafe { state.closers().unlink(slot.as_mut()) };
        }
        // SAFETY: it is taken, and out of line by now.
        unsafe { slot.clear() }
    });
    drop(waker);
}
