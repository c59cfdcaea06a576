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
    shim::{self, Held, mutant, op},
    wakers::{Wake, in_batches},
};

use super::{
    blocks::{Block, Blocks},
    side::{Ask, By, Cargo, Seat, Side},
    state::{Readers, State, Why},
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

/// Goes to the end of the line of one side, unless `look` finds something by now, and lets `note`
/// set what follows from that. The waker that comes with what was found is to be dropped once that
/// is safe.
pub(super) fn line_up<T, R: Readers, O>(
    store: &Store<T, R>,
    side: SideOf<T, R>,
    slot: Pin<&mut Seat<T>>,
    ask: Ask<T>,
    cx: &Context<'_>,
    look: impl FnOnce(&mut State<T, R>) -> Option<O>,
    note: impl FnOnce(&mut State<T, R>) -> Wake,
) -> Result<(), (O, Waker)> {
    let waker = cx.waker().clone();
    let wake = store.state.with(|state| {
        if let Some(found) = look(state) {
            return Err((found, waker));
        }
        let now = state.tick();
        side(state).stand(slot, ask, waker, now);
        Ok(note(state))
    })?;
    op!(store.label, "waits");
    wake.wake();
    Ok(())
}

/// Waits on in the line of one side, by `look`. The waker is to be dropped once what was found is
/// safe.
///
/// # Safety
///
/// The slot is taken, and its node is in no other line than this side's.
#[inline]
pub(super) unsafe fn wait_on<T, R: Readers, O>(
    store: &Store<T, R>,
    side: SideOf<T, R>,
    mut slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
    mut look: impl FnMut(&mut State<T, R>, By) -> Look<O>,
) -> (Look<O>, Option<Waker>) {
    // Whoever was called will mostly find something, and needs no waker then.
    let mut waker = None;
    // SAFETY: promised by the caller.
    if unsafe { slot.as_mut().state() } == Stand::Waiting {
        // SAFETY: as above.
        if unsafe { slot.as_mut().knows(cx.waker()) } {
            return (Look::Nothing, None);
        }
        waker = Some(cx.waker().clone());
    }
    loop {
        let mut old = None;
        let look = store.state.with(|state| {
            // SAFETY: promised by the caller.
            let Some(by) = (unsafe { side(state).looks(slot.as_mut()) }) else {
                // SAFETY: as above, and it is in line.
                old = waker.take().and_then(|new| unsafe { side(state).rest(slot.as_mut(), new) });
                return Some(Look::Nothing);
            };
            let look = look(state, by);
            match &look {
                Look::Again => side(state).unlooked(by),
                // SAFETY: it is taken, and out of line: whoever took it out took its waker.
                Look::Found(_) => unsafe { slot.as_mut().vacate() },
                Look::Nothing => {
                    let Some(new) = waker.take() else {
                        side(state).unlooked(by);
                        return None;
                    };
                    // SAFETY: it is taken, and out of line.
                    unsafe { side(state).back(slot.as_mut(), new) };
                    // Who finds something has left the state reviewed.
                    state.review();
                }
            }
            Some(look)
        });
        let Some(look) = look else {
            waker = Some(cx.waker().clone());
            continue;
        };
        if matches!(look, Look::Nothing) {
            op!(store.label, "waits");
        }
        return (look, waker.or(old));
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
    if slot.as_mut().is_taken() {
        return send_again(store, cargo, slot, cx);
    }
    // SAFETY: it stands in no line.
    let Some(value) = (unsafe { cargo.as_mut().take() }) else { polled_after_completion() };
    store.send_or(value, Poll::Ready(Ok(())), |held, value| {
        let full = |state: &mut State<T, R>, value| match state.is_just_full() {
            true => Ok(Err((value, Why::Full))),
            false => Err(value),
        };
        match held.with_or(value, full, |held, value| send_slowly(store, held, value)) {
            Ok(()) => Poll::Ready(Ok(())),
            Err((value, Why::Full)) => wait_to_send(store, value, cargo, slot, cx),
            Err((value, _)) => Poll::Ready(Err(value)),
        }
    })
}

#[cold]
#[inline(never)]
fn send_slowly<T, R: Readers>(
    store: &Store<T, R>,
    held: Held<'_, State<T, R>>,
    value: T,
) -> Result<(), (T, Why)> {
    store.send_held_up(held, value)
}

/// There was no place just now.
#[inline(never)]
fn wait_to_send<T, R: Readers>(
    store: &Store<T, R>,
    value: T,
    mut cargo: Pin<&mut Cargo<T>>,
    mut slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<Result<(), T>> {
    let mut value = value;
    loop {
        if store.overflow() != Overflow::Wait {
            return Poll::Ready(store.overflowed(value).map_err(|(value, _)| value));
        }
        // SAFETY: it stands in no line.
        unsafe { cargo.as_mut().put(value) };
        let ask = Ask::with_cargo(cargo.as_mut());
        let look = |state: &mut State<T, R>| {
            let may_wait = state.is_just_full() || !(state.closed || state.has_place(By::Newcomer));
            (!may_wait).then_some(())
        };
        let note = |state: &mut State<T, R>| {
            state.is_plain = false;
            Wake::NOBODY
        };
        let Err(_) = line_up(store, |s| &mut s.places, slot.as_mut(), ask, cx, look, note) else {
            return Poll::Pending;
        };
        // SAFETY: it stands in no line.
        let Some(back) = (unsafe { cargo.as_mut().take() }) else { polled_after_completion() };
        value = match store.send_or(back, Ok(()), |held, back| store.send_held_up(held, back)) {
            Ok(()) => return Poll::Ready(Ok(())),
            Err((back, Why::Full)) => back,
            Err((back, _)) => return Poll::Ready(Err(back)),
        };
    }
}

/// The send of somebody who was in line.
#[inline(never)]
fn send_again<T, R: Readers>(
    store: &Store<T, R>,
    mut cargo: Pin<&mut Cargo<T>>,
    mut slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<Result<(), T>> {
    // SAFETY: the caller has found it taken.
    if unsafe { slot.as_mut().state() } == Stand::Granted {
        // SAFETY: it is taken, and granted, so its node is in no line.
        let ask = unsafe { slot.as_mut().value() };
        if ask.is_done() {
            // SAFETY: it is taken, and granted: whoever took it out took its waker.
            unsafe { slot.as_mut().vacate() };
            op!(store.label, "sent after a wait");
            return Poll::Ready(Ok(()));
        }
        let sent = store.state.with(|state| {
            if !ask.is_called() || state.closed || state.free() == 0 || !state.queue.has_room() {
                return None;
            }
            state.places.called -= 1;
            // SAFETY: the lock is held.
            let value = unsafe { cargo.as_mut().take() };
            Some(state.put(value.expect("whoever takes it says so"), By::Called))
        });
        if let Some(wake) = sent {
            // SAFETY: it is taken, and granted: whoever took it out took its waker.
            unsafe { slot.as_mut().vacate() };
            op!(store.label, "sent after a wait");
            wake.wake();
            return Poll::Ready(Ok(()));
        }
    }
    poll_send_again(store, cargo, slot, cx)
}

#[cold]
#[inline(never)]
fn poll_send_again<T, R: Readers>(
    store: &Store<T, R>,
    mut cargo: Pin<&mut Cargo<T>>,
    mut slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<Result<(), T>> {
    let mut block: Option<Block<T>> = None;
    let mut slots = 0;
    loop {
        let look = |state: &mut State<T, R>, by| {
            if by == By::Done {
                return Look::Found(Ok(Wake::NOBODY));
            }
            match state.may_put(by, &mut block) {
                Ok(()) => {}
                Err(Why::Full) => return Look::Nothing,
                Err(Why::Closed) => return Look::Found(Err(())),
                Err(Why::NoBlock(wanted)) => {
                    slots = wanted;
                    return Look::Again;
                }
            }
            // SAFETY: the lock is held.
            let value = unsafe { cargo.as_mut().take() };
            Look::Found(Ok(state.put(value.expect("whoever takes it says so"), by)))
        };
        // SAFETY: the caller has found it taken, and it stands in the line for places alone.
        let (look, spare) = unsafe { wait_on(store, |s| &mut s.places, slot.as_mut(), cx, look) };
        return match look {
            Look::Again => {
                block = Some(Blocks::block(slots));
                continue;
            }
            Look::Nothing => Poll::Pending,
            Look::Found(Ok(wake)) => {
                op!(store.label, "sent after a wait");
                wake.wake();
                drop(spare);
                Poll::Ready(Ok(()))
            }
            Look::Found(Err(())) => {
                // SAFETY: it stands in no line any more.
                let back = unsafe { cargo.as_mut().take() };
                drop(spare);
                Poll::Ready(Err(back.expect("it was not sent")))
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
    mut slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<Result<(), ()>> {
    let look = |state: &mut State<T, R>, by| match state.reserve(places, by) {
        Ok(()) => Look::Found(Ok(())),
        Err(true) => Look::Found(Err(())),
        Err(false) => Look::Nothing,
    };
    let (found, spare) = if slot.as_mut().is_taken() {
        // SAFETY: it is taken, and stands in the line for places alone.
        match unsafe { wait_on(store, |s| &mut s.places, slot, cx, look) } {
            (Look::Found(found), spare) => (found, spare),
            _ => return Poll::Pending,
        }
    } else {
        let look = |state: &mut State<T, R>| match look(state, By::Newcomer) {
            Look::Found(found) => Some(found),
            _ => None,
        };
        let note = |state: &mut State<T, R>| {
            state.review();
            Wake::NOBODY
        };
        match line_up(store, |s| &mut s.places, slot, Ask::units(places), cx, look, note) {
            Ok(()) => return Poll::Pending,
            Err((found, spare)) => (found, Some(spare)),
        }
    };
    // Other people's code: should it panic, the places go back.
    let held = Places { store, places: if found.is_ok() { places } else { 0 } };
    drop(spare);
    core::mem::forget(held);
    Poll::Ready(found)
}

struct Places<'a, T, R: Readers> {
    store: &'a Store<T, R>,
    places: usize,
}

impl<T, R: Readers> Drop for Places<'_, T, R> {
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
