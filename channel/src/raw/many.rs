//! Receiving from a store that has many receivers.

use alloc::vec::Vec;
use core::{
    pin::Pin,
    task::{Context, Poll},
};

use selvedge_sync::raw::{list::State as Stand, wakers::Wake};

use super::{
    ends::{Look, leave, wait},
    side::{Ask, By, Seat, Side},
    state::{Readers, State},
    store::Store,
};

impl<T> Readers for Side<T> {
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
    let mut any = false;
    if !slot.as_mut().is_taken() {
        match store.recv_fast() {
            Ok(value) => return Poll::Ready(Some(value)),
            Err(is_any) => any = is_any,
        }
    }
    poll_recv_slowly(store, slot, cx, any)
}

#[cold]
#[inline(never)]
fn poll_recv_slowly<T>(
    store: &Store<T, Side<T>>,
    slot: Pin<&mut Seat<T>>,
    cx: &Context<'_>,
    any: bool,
) -> Poll<Option<T>> {
    if any {
        match store.recv_slowly() {
            Ok(value) => return Poll::Ready(Some(value)),
            Err(true) => return Poll::Ready(None),
            Err(false) => {}
        }
    }
    let look = |state: &mut State<T, Side<T>>, by| {
        state.readers.held -= usize::from(by == By::Holder);
        match state.take(by) {
            Some(taken) => Look::Found(Some(taken)),
            None if state.is_ended() => Look::Found(None),
            None => Look::Nothing,
        }
    };
    let (look, spare) = wait(store, |s| &mut s.readers, slot, Ask::units(1), cx, look);
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
