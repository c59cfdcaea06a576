//! Receiving from a store that has one receiver: its waker is in the state, so it may be moved from
//! one poll to the next.

use alloc::vec::Vec;
use core::task::{Context, Poll, Waker};

use selvedge_sync::raw::{
    shim::{self, mutant, op},
    wakers::Wake,
};

use super::{side::By, state::Readers, store::Store};

/// The one receiver of a channel that has one.
#[derive(Debug)]
pub(crate) struct Solo {
    /// Its waker, while it waits.
    pub(crate) waker: Option<Waker>,
    /// How many weak senders there are, which such a channel counts.
    pub(crate) weak: u32,
}

impl Readers for Solo {
    const MEET: bool = false;

    fn new() -> Self {
        Self { waker: None, weak: 0 }
    }

    #[inline]
    fn wait(&self) -> bool {
        self.waker.is_some()
    }

    #[inline]
    fn are_strict(&self) -> bool {
        false
    }

    #[inline]
    fn held(&self) -> usize {
        0
    }

    fn count(&self) -> usize {
        usize::from(self.wait())
    }

    #[inline]
    fn serve(&mut self, _values: usize) -> Wake {
        Wake(self.waker.take())
    }

    #[inline]
    fn are_due(&self, _values: usize) -> bool {
        false
    }

    fn call_to_the_end(&mut self) -> Wake {
        Wake(self.waker.take())
    }

    fn forget(&mut self) -> Option<Waker> {
        self.waker.take()
    }
}

impl<T> Store<T, Solo> {
    /// One more weak sender.
    pub(crate) fn add_weak(&self) {
        self.state.with(|state| {
            let weak = &mut state.readers.weak;
            *weak = weak.checked_add(1).expect("there are too many weak senders");
        });
    }

    /// A weak sender goes.
    pub(crate) fn drop_weak(&self) {
        if !shim::doomed() {
            self.state.with(|state| state.readers.weak -= 1);
        }
    }
}

/// Receives up to `limit` values, once there is one; 0 when there will be none.
pub(crate) fn poll_recv_many<T>(
    store: &Store<T, Solo>,
    buffer: &mut Vec<T>,
    limit: usize,
    cx: &Context<'_>,
) -> Poll<usize> {
    let count = store.recv_many(buffer, limit);
    if count > 0 || limit == 0 {
        return Poll::Ready(count);
    }
    match poll_recv(store, cx) {
        Poll::Ready(Some(value)) => {
            buffer.push(value);
            Poll::Ready(1 + store.recv_many(buffer, limit - 1))
        }
        Poll::Ready(None) => Poll::Ready(0),
        Poll::Pending => Poll::Pending,
    }
}

/// Receives a value, once there is one; `None` when there will be none.
#[inline(always)]
pub(crate) fn poll_recv<T>(store: &Store<T, Solo>, cx: &Context<'_>) -> Poll<Option<T>> {
    store.recv_or_wait(|| wait_to_recv(store, cx))
}

/// There was nothing just now.
#[inline(never)]
fn wait_to_recv<T>(store: &Store<T, Solo>, cx: &Context<'_>) -> Poll<Option<T>> {
    let mut spare = Some(cx.waker().clone());
    let found = store.state.with(|state| {
        if !state.is_idle() {
            match state.take(By::Newcomer) {
                Some(taken) => return Some(Ok(taken)),
                None if state.is_ended() => return Some(Err(())),
                None => {}
            }
        }
        let waker = &mut state.readers.waker;
        let known = waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()));
        let is_stuck = waker.is_some() && mutant!("the one receiver keeps its first waker");
        if !known && !is_stuck {
            core::mem::swap(waker, &mut spare);
        }
        // A receiver waits.
        state.limit = 0;
        None
    });
    match found {
        Some(Ok(taken)) => Poll::Ready(Some(store.received(taken, spare))),
        Some(Err(())) => Poll::Ready(None),
        None => {
            op!(store.label, "waits");
            drop(spare);
            Poll::Pending
        }
    }
}

/// Gives up the receive of the one receiver.
pub(crate) fn leave_recv<T>(store: &Store<T, Solo>) {
    if shim::doomed() {
        return;
    }
    let waker = store.state.with(|state| {
        let waker = state.readers.waker.take();
        state.review();
        waker
    });
    op!(store.label, "leaves the line");
    drop(waker);
}
