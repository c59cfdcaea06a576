//! A future that is polled wherever it is woken, for lack of an executor.
//!
//! Invariant: the future is in `future`, or somebody polls it, who looks at `again` before it is put
//! back. So each wake-up is followed by a poll, and no two polls meet.

use alloc::{sync::Arc, task::Wake};
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Waker},
};

use selvedge_sync::raw::shim::{Lock, mutant};

/// A future, and whether it is to be polled once more.
pub struct Inline<F>(Lock<State<F>>);

struct State<F> {
    future: Option<F>,
    again: bool,
}

impl<F: Future<Output = ()> + Unpin + Send + 'static> Inline<F> {
    /// Polls it for the first time.
    pub fn start(future: F) {
        let state = State { future: Some(future), again: false };
        Arc::new(Self(Lock::new(state))).wake();
    }
}

impl<F: Future<Output = ()> + Unpin + Send + 'static> Wake for Inline<F> {
    fn wake(self: Arc<Self>) {
        let mut mine = self.0.with(|state| {
            // RACE: 1. A polls it. 2. B wakes it, and finds it gone. 3. A has looked already, and
            //       puts it back: B's news waits for the next wake-up. So B leaves word.
            state.again =
                state.future.is_none() && !mutant!("a future is woken while it is polled");
            state.future.take()
        });
        if mine.is_none() {
            return;
        }
        let waker = Waker::from(self.clone());
        while let Some(mut future) = mine {
            if Pin::new(&mut future).poll(&mut Context::from_waker(&waker)).is_ready() {
                return;
            }
            mine = self.0.with(|state| {
                if core::mem::take(&mut state.again) {
                    return Some(future);
                }
                state.future = Some(future);
                None
            });
        }
    }
}

impl<F> fmt::Debug for Inline<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inline")
    }
}
