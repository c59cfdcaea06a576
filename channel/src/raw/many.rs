//! Receiving from a store that has many receivers.
#![expect(unsafe_code, reason = "waits own the pinned nodes that they put in line")]

use alloc::vec::Vec;
use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use selvedge_sync::raw::{list::State as Stand, wakers::Wake};

use super::{
    ends::{Look, leave, line_up, wait_on},
    side::{Ask, By, Seat, Side},
    state::{Readers, State},
    store::Store,
};

impl<T> Readers for Side<T> {
    const MEET: bool = true;

    fn new() -> Self {
        Self::new()
    }

    #[inline]
    fn wait(&self) -> bool {
        !self.is_empty()
    }

    #[inline]
    fn are_strict(&self) -> bool {
        self.is_barred()
    }

    #[inline]
    fn held(&self) -> usize {
        self.held
    }

    fn count(&self) -> usize {
        Side::count(self) + self.held
    }

    #[inline]
    fn serve(&mut self, values: usize) -> Wake {
        Side::serve(self, values - self.held)
    }

    #[inline]
    fn are_due(&self, values: usize) -> bool {
        self.is_due(values - self.held)
    }

    fn call_to_the_end(&mut self) -> Wake {
        if self.line.is_empty() {
            return Wake::NOBODY;
        }
        // Nothing is held for it: there is nothing more to come.
        self.called += 1;
        self.waiting -= 1;
        self.line.pop_front(Stand::Granted)
    }

    fn forget(&mut self) -> Option<Waker> {
        None
    }
}

impl<T> State<T, Side<T>> {
    /// One more receiver.
    pub(crate) fn add_receiver(&mut self) {
        self.receivers = self.receivers.checked_add(1).expect("there are too many receivers");
    }
}

/// Receives a value, once there is one; `None` when there will be none.
#[inline(always)]
pub(crate) fn poll_recv<T>(
    store: &Store<T, Side<T>>,
    mut slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<Option<T>> {
    if slot.as_mut().is_taken() {
        return recv_again(store, slot, cx);
    }
    store.recv_or_wait(|| wait_to_recv(store, slot, cx))
}

/// There was nothing just now.
#[inline(never)]
fn wait_to_recv<T>(
    store: &Store<T, Side<T>>,
    slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<Option<T>> {
    let look = |state: &mut State<T, Side<T>>| {
        if state.is_idle() {
            return None;
        }
        match state.take(By::Newcomer) {
            Some(taken) => Some(Some(taken)),
            None => state.is_ended().then_some(None),
        }
    };
    let note = |state: &mut State<T, Side<T>>| {
        // A receiver waits.
        state.limit = 0;
        state.arrived()
    };
    match line_up(store, |s| &mut s.readers, slot, Ask::units(1), cx, look, note) {
        Ok(()) => Poll::Pending,
        Err((Some(taken), spare)) => Poll::Ready(Some(store.received(taken, Some(spare)))),
        Err((None, _)) => Poll::Ready(None),
    }
}

/// The receive of somebody who was in line.
#[inline(never)]
fn recv_again<T>(
    store: &Store<T, Side<T>>,
    mut slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<Option<T>> {
    // SAFETY: the caller has found it taken.
    if unsafe { slot.as_mut().state() } == Stand::Granted {
        let taken = store.state.with(|state| {
            // SAFETY: it is taken, and granted, so its node is in no line.
            let is_called = unsafe { slot.as_mut().value() }.is_called();
            if !is_called || state.queue.len() == 0 || state.readers.held != 0 {
                return None;
            }
            state.readers.called -= 1;
            let taken = state.take_first();
            // In a rendezvous that was a place.
            if state.is_rendezvous() {
                state.review();
            }
            taken
        });
        if let Some(taken) = taken {
            // SAFETY: it is taken, and granted: whoever took it out took its waker.
            unsafe { slot.as_mut().vacate() };
            return Poll::Ready(Some(store.received(taken, None)));
        }
    }
    poll_recv_again(store, slot, cx)
}

#[cold]
#[inline(never)]
fn poll_recv_again<T>(
    store: &Store<T, Side<T>>,
    slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<Option<T>> {
    let look = |state: &mut State<T, Side<T>>, by| {
        state.readers.held -= usize::from(by == By::Holder);
        match state.take(by) {
            Some(taken) => Look::Found(Some(taken)),
            None if state.is_ended() => Look::Found(None),
            None => Look::Nothing,
        }
    };
    // SAFETY: the callers have found it taken, and it stands in the line for values alone.
    let (look, spare) = unsafe { wait_on(store, |s| &mut s.readers, slot, cx, look) };
    match look {
        Look::Found(Some(taken)) => Poll::Ready(Some(store.received(taken, spare))),
        Look::Found(None) => Poll::Ready(None),
        _ => Poll::Pending,
    }
}

/// Receives up to `limit` values, once there is one; 0 when there will be none.
pub(crate) fn poll_recv_many<T>(
    store: &Store<T, Side<T>>,
    buffer: &mut Vec<T>,
    limit: usize,
    mut slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
) -> Poll<usize> {
    if limit == 0 {
        return Poll::Ready(0);
    }
    if !slot.as_mut().is_taken() {
        let count = store.recv_many(buffer, limit);
        if count > 0 {
            return Poll::Ready(count);
        }
    }
    match poll_recv(store, slot, cx) {
        Poll::Ready(Some(value)) => {
            buffer.push(value);
            Poll::Ready(1 + store.recv_many(buffer, limit - 1))
        }
        Poll::Ready(None) => Poll::Ready(0),
        Poll::Pending => Poll::Pending,
    }
}

/// Gives up a receive.
#[inline]
pub(crate) fn leave_recv<T>(store: &Store<T, Side<T>>, mut slot: Pin<&mut Seat<T>>) {
    if slot.as_mut().is_taken() {
        leave(store, |s| &mut s.readers, slot);
    }
}
