//! What receivers do.

use core::task::{Poll, Waker};

use selvedge_sync::raw::{
    shim::{Held, op},
    wakers::in_batches,
};

use super::{
    super::{
        blocks::Blocks,
        side::By,
        state::{Readers, State, Taken},
    },
    Store,
};

impl<T, R: Readers> Store<T, R> {
    /// Receives a value, which goes through `received`; by `slowly` if something has to be looked
    /// after, or there is none.
    #[inline(always)]
    pub(in crate::raw) fn recv_or<O>(
        &self,
        received: impl FnOnce(T) -> O,
        slowly: impl FnOnce(Held<'_, State<T, R>>) -> O,
    ) -> O {
        let fast = |state: &mut State<T, R>, ()| {
            if state.is_plain && state.queue.len() > 0 && state.queue.has_more_here() {
                op!(self.label, "received");
                return Ok(received(state.queue.pop_here()));
            }
            Err(())
        };
        self.state.with_or((), fast, |held, ()| slowly(held))
    }

    /// As [`recv_or`](Self::recv_or), by somebody who may wait: what is to be done by `wait` if there
    /// was nothing just now.
    #[inline(always)]
    pub(in crate::raw) fn recv_or_wait(
        &self,
        wait: impl FnOnce() -> Poll<Option<T>>,
    ) -> Poll<Option<T>> {
        let ready = |value| Poll::Ready(Some(value));
        self.recv_or(ready, |held| {
            let idle = |state: &mut State<T, R>, ()| match state.is_idle() {
                true => Ok(Err(false)),
                false => Err(()),
            };
            match held.with_or((), idle, |held, ()| self.recv_slowly(held)) {
                Ok(value) => ready(value),
                Err(true) => Poll::Ready(None),
                Err(false) => wait(),
            }
        })
    }

    /// Receives a value if there is one, for a newcomer; else whether there will be none.
    #[cold]
    #[inline(never)]
    fn recv_slowly(&self, held: Held<'_, State<T, R>>) -> Result<T, bool> {
        let taken = held.with(|state| {
            // Nothing is held, and nobody has to come first.
            if state.queue.len() > 0 && !state.readers.are_strict() && state.readers.held() == 0 {
                return state.take_first().ok_or(false);
            }
            state.take(By::Newcomer).ok_or(state.is_ended())
        });
        taken.map(|taken| self.received(taken, None))
    }

    /// Receives a value if there is one to be had without waiting; else whether there will be none.
    #[inline(always)]
    pub(crate) fn try_recv(&self) -> Result<T, bool> {
        self.recv_or(Ok, |held| self.try_recv_slowly(held))
    }

    #[cold]
    #[inline(never)]
    fn try_recv_slowly(&self, held: Held<'_, State<T, R>>) -> Result<T, bool> {
        let mut spent = None;
        let plain = |state: &mut State<T, R>, spent| {
            if !state.is_plain {
                return Err(spent);
            }
            // The last one of its block, or none; nobody has to be told.
            op!(self.label, "received");
            Ok(state.queue.pop(spent).ok_or(false))
        };
        let received = held.with_or(&mut spent, plain, |held, _| self.recv_slowly(held));
        drop(spent);
        received
    }

    /// What is to be done after a value was received.
    #[inline]
    pub(crate) fn received(&self, taken: Taken<T>, spare: Option<Waker>) -> T {
        op!(self.label, "received");
        let Taken { value, wake, is_last, spent } = taken;
        drop(spent);
        let value = Unclaimed { store: self, value: Some(value) };
        drop(spare);
        wake.wake();
        if is_last {
            self.tell_the_end();
        }
        value.claim()
    }

    /// Puts a value back that was received, and that its receiver could not claim.
    #[cold]
    fn put_back(&self, value: T) {
        let mut block = Some(Blocks::block(1));
        let wake = self.state.with(|state| {
            state.queue.put_back(value, &mut block);
            let wake = state.readers.serve(state.queue.len());
            state.review();
            wake
        });
        wake.wake();
    }

    /// Tells all who wait for values that there will be none, if so.
    #[cold]
    pub(crate) fn tell_the_end(&self) {
        in_batches(|wakes| {
            self.state.with(|state| {
                let more = state.is_ended() && state.call_readers(wakes);
                state.review();
                more
            })
        });
    }

    /// Takes as many values as there are, up to `limit`, for a receiver that runs.
    pub(crate) fn recv_many(&self, buffer: &mut alloc::vec::Vec<T>, limit: usize) -> usize {
        let mut count = 0;
        while count < limit {
            let mut spent = None;
            let (took, left, then) = self.state.with(|state| {
                if state.readers.are_strict() {
                    return (0, 0, Then::Nothing);
                }
                let here = (state.queue.len() - state.readers.held()).min(limit - count);
                let took = state.queue.pop_into(buffer, here, &mut spent);
                let then = match took {
                    0 => Then::Nothing,
                    _ if state.is_ended() => Then::TellTheEnd,
                    _ if state.places.is_empty() => Then::Nothing,
                    _ => Then::ServePlaces,
                };
                state.review();
                (took, here - took, then)
            });
            count += took;
            drop(spent);
            match then {
                Then::Nothing => {}
                Then::ServePlaces => self.serve_places(),
                Then::TellTheEnd => self.tell_the_end(),
            }
            if left == 0 {
                break;
            }
            buffer.reserve(left);
        }
        count
    }

    /// Calls those who wait for places, and are due.
    fn serve_places(&self) {
        in_batches(|wakes| {
            self.state.with(|state| {
                let more = state.serve_places(wakes);
                state.review();
                more
            })
        });
    }
}

/// What is to be done after values were taken.
enum Then {
    Nothing,
    ServePlaces,
    TellTheEnd,
}

/// A value on its way out, while wakers are touched: should one panic, the value goes back.
struct Unclaimed<'a, T, R: Readers> {
    store: &'a Store<T, R>,
    value: Option<T>,
}

impl<T, R: Readers> Unclaimed<'_, T, R> {
    #[inline]
    fn claim(mut self) -> T {
        self.value.take().expect("it is claimed once")
    }
}

impl<T, R: Readers> Drop for Unclaimed<'_, T, R> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            self.store.put_back(value);
        }
    }
}
