//! The one-lock core of a channel: a queue of values, with a line on either side.
//!
//! Everything is behind one lock of a few instructions ([`Brief`]): the queue, both lines, the
//! counts of handles. So operations are steps of one state, in the order in which they took the
//! lock, and closing or the last handle's going races with nothing.

use alloc::boxed::Box;
use core::{fmt, mem, task::Waker};

use selvedge_sync::raw::{
    shim::{self, Brief, Label, mutant, op},
    wakers::in_batches,
};

use super::{
    blocks::Blocks,
    side::By,
    state::{Put, Readers, State, Taken},
};

/// What happens to a message that finds the channel full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "mpmc"),
    expect(dead_code, unreachable_pub, reason = "mpmc alone has a choice")
)]
pub enum Overflow {
    /// Its sender waits for a place.
    #[default]
    Wait,
    /// The oldest message in the channel makes room.
    DropOldest,
    /// It is not sent.
    DropNewest,
}

/// What a value goes to that nobody will get.
pub(crate) type Hook<T> = Box<dyn Fn(T) + Send + Sync>;

/// What is fixed when a channel is made, where it is not what all have.
pub(crate) struct Rules<T> {
    pub(crate) overflow: Overflow,
    pub(crate) undelivered: Option<Hook<T>>,
}

/// A channel, without its handles.
pub(crate) struct Store<T, R> {
    pub(crate) state: Brief<State<T, R>>,
    rules: Option<Box<Rules<T>>>,
    #[cfg_attr(not(selvedge_loom), expect(dead_code, reason = "for the timeline of a model"))]
    pub(crate) label: Label,
}

// No code of a user's runs while the state is changed, so a panic leaves nothing half done.
impl<T, R> core::panic::UnwindSafe for Store<T, R> {}
impl<T, R> core::panic::RefUnwindSafe for Store<T, R> {}

/// What `statistics` saw of a channel: a look that is old by the time it returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statistics {
    /// How many messages were in the channel.
    pub len: usize,
    /// How many places were held by permits, or for senders that were called.
    pub held: usize,
    /// How many senders there were.
    pub senders: usize,
    /// How many receivers there were.
    pub receivers: usize,
    /// How many tasks and threads waited for a place.
    pub waiting_senders: usize,
    /// How many tasks and threads waited for a message.
    pub waiting_receivers: usize,
    /// Whether it was closed.
    pub closed: bool,
}

impl<T, R: Readers> Store<T, R> {
    pub(crate) fn new(kind: &'static str, capacity: usize, rules: Option<Box<Rules<T>>>) -> Self {
        Self { state: Brief::new(State::new(capacity)), rules, label: Label::new(kind) }
    }

    pub(crate) fn overflow(&self) -> Overflow {
        self.rules.as_ref().map_or(Overflow::Wait, |rules| rules.overflow)
    }

    pub(crate) fn statistics(&self) -> Statistics {
        self.state.with(|state| Statistics {
            len: state.queue.len(),
            held: state.places.held,
            senders: state.senders as usize,
            receivers: state.receivers as usize,
            waiting_senders: state.places.count(),
            waiting_receivers: state.readers.count(),
            closed: state.closed,
        })
    }

    /// Lets go of a value that nobody will get.
    pub(crate) fn undelivered(&self, value: T) {
        match self.rules.as_ref().and_then(|rules| rules.undelivered.as_ref()) {
            Some(hook) => hook(value),
            None => drop(value),
        }
    }

    /// How many places there are; 0 in a rendezvous.
    pub(crate) fn capacity(&self) -> usize {
        self.state.with(|state| state.capacity)
    }

    fn has_hook(&self) -> bool {
        self.rules.as_ref().is_some_and(|rules| rules.undelivered.is_some())
    }

    /// Sends a value if nothing has to be looked after.
    #[inline(always)]
    pub(crate) fn send_fast(&self, value: T) -> Result<(), T> {
        let back = self.state.with(|state| {
            if state.queue.len() < state.limit && state.queue.has_room() {
                state.queue.push(value);
                return None;
            }
            Some(value)
        });
        match back {
            None => {
                op!(self.label, "sent");
                Ok(())
            }
            Some(value) => Err(value),
        }
    }

    /// Sends a value if that needs no wait.
    #[inline(always)]
    pub(crate) fn try_send(&self, value: T) -> Result<(), Put<T>> {
        match self.send_fast(value) {
            Ok(()) => Ok(()),
            Err(value) => self.send_slowly(value),
        }
    }

    #[cold]
    #[inline(never)]
    fn send_slowly(&self, value: T) -> Result<(), Put<T>> {
        let put = self.state.with(|state| state.put(value, By::Newcomer, &mut None));
        match self.finish(put, By::Newcomer) {
            Err(Put::Full(value)) => self.overflowed(value),
            done => done,
        }
    }

    /// What becomes of a value that finds the channel full.
    pub(crate) fn overflowed(&self, value: T) -> Result<(), Put<T>> {
        match self.overflow() {
            Overflow::Wait => Err(Put::Full(value)),
            Overflow::DropNewest => {
                self.undelivered(value);
                Ok(())
            }
            Overflow::DropOldest => match self.force_send(value) {
                Ok(displaced) => {
                    if let Some(value) = displaced {
                        self.undelivered(value);
                    }
                    Ok(())
                }
                Err(value) => Err(Put::Closed(value)),
            },
        }
    }

    /// Goes on with what became of a value, for somebody who came by `by`.
    fn finish(&self, put: Put<T>, by: By) -> Result<(), Put<T>> {
        let mut put = put;
        loop {
            match put {
                Put::In(wake) => {
                    op!(self.label, "sent");
                    wake.wake();
                    return Ok(());
                }
                Put::NoBlock(value, slots) => {
                    let mut block = Some(Blocks::block(slots));
                    put = self.state.with(|state| state.put(value, by, &mut block));
                }
                put => return Err(put),
            }
        }
    }

    /// Sends a value by a place that is held, which is used up.
    pub(crate) fn send_held(&self, value: T) -> Result<(), T> {
        let put = self.state.with(|state| state.put(value, By::Holder, &mut None));
        self.finish(put, By::Holder).map_err(Put::into_value)
    }

    /// Sends a value, in the place of the oldest if there is none free. Hands out what was displaced:
    /// `value` itself, if there is nothing to displace.
    pub(crate) fn force_send(&self, value: T) -> Result<Option<T>, T> {
        let mut value = value;
        let mut block = None;
        loop {
            let mut spent = None;
            let mut oldest = None;
            let put = self.state.with(|state| {
                let put = state.put(value, By::Newcomer, &mut block);
                let Put::Full(value) = put else { return put };
                if state.queue.len() == 0 {
                    return Put::Full(value);
                }
                // Made before the oldest goes, so that there is no way back.
                if !state.queue.supply(&mut block) {
                    return Put::NoBlock(value, state.queue.next_slots(state.capacity));
                }
                oldest = state.queue.pop(&mut spent);
                state.places.held += 1;
                state.put(value, By::Holder, &mut block)
            });
            drop(spent);
            match put {
                Put::In(wake) => {
                    op!(self.label, "sent by force");
                    wake.wake();
                    return Ok(oldest);
                }
                Put::NoBlock(back, slots) => {
                    value = back;
                    block = Some(Blocks::block(slots));
                }
                Put::Full(value) => return Ok(Some(value)),
                Put::Closed(value) => return Err(value),
            }
        }
    }

    /// Gives back places that were held.
    pub(crate) fn give_back(&self, places: usize) {
        if places == 0 || shim::doomed() {
            return;
        }
        op!(self.label, "place given back");
        let mut back = places;
        in_batches(|wakes| {
            self.state.with(|state| {
                state.places.held -= mem::take(&mut back);
                let mut more = state.serve_places(wakes);
                if state.is_ended()
                    && !mutant!("a permit that comes back after the end tells nobody")
                {
                    more |= state.call_readers(wakes);
                }
                state.review();
                more
            })
        });
    }

    /// Receives a value if nothing has to be looked after; else whether there is any.
    #[inline(always)]
    pub(crate) fn recv_fast(&self) -> Result<T, bool> {
        let taken = self.state.with(|state| {
            if state.is_plain && state.queue.len() > 0 && state.queue.has_more_here() {
                return Ok(state.queue.pop_here());
            }
            Err(state.queue.len() > 0)
        });
        if taken.is_ok() {
            op!(self.label, "received");
        }
        taken
    }

    /// Receives a value if there is one to be had without waiting; else whether there will be none.
    #[inline(always)]
    pub(crate) fn try_recv(&self) -> Result<T, bool> {
        match self.recv_fast() {
            Ok(value) => Ok(value),
            Err(_) => self.recv_slowly(),
        }
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn recv_slowly(&self) -> Result<T, bool> {
        let taken = self.state.with(|state| match state.take(By::Newcomer) {
            Some(taken) => Ok(taken),
            None => Err(state.is_ended()),
        });
        taken.map(|taken| self.received(taken, [None, None]))
    }

    /// What is to be done after a value was received.
    #[inline]
    pub(crate) fn received(&self, taken: Taken<T>, spare: [Option<Waker>; 2]) -> T {
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

    /// Holds places if they are there now; else whether there will be none.
    pub(crate) fn try_reserve(&self, places: usize) -> Result<(), bool> {
        self.state.with(|state| state.reserve(places, By::Newcomer))
    }

    /// A sender goes; the last one closes the channel.
    pub(crate) fn drop_sender(&self) {
        if mutant!("the last sender leaves without a word") {
            return;
        }
        self.close_with(|state| {
            state.senders -= 1;
            state.senders == 0
        });
    }

    /// A receiver goes; the last one closes the channel, and what is in it goes too.
    pub(crate) fn drop_receiver(&self) {
        let mut last = false;
        self.close_with(|state| {
            state.receivers -= 1;
            last = state.receivers == 0;
            last
        });
        if last && !mutant!("the last receiver leaves what is in the channel") {
            self.clear();
        }
    }

    /// Closes the channel; whether it was open. What is in it can still be received.
    pub(crate) fn close(&self) -> bool {
        self.close_with(|_| true)
    }

    /// Closes the channel if `is_over`, which may change the counts.
    pub(crate) fn close_with(&self, is_over: impl FnOnce(&mut State<T, R>) -> bool) -> bool {
        if shim::doomed() {
            return false;
        }
        let mut is_over = Some(is_over);
        let mut closes = false;
        in_batches(|wakes| {
            self.state.with(|state| {
                if let Some(is_over) = is_over.take() {
                    if !is_over(state) {
                        return false;
                    }
                    closes = !state.closed;
                    state.closed = true;
                }
                let more = state.send_away(wakes);
                state.review();
                more
            })
        });
        if closes {
            op!(self.label, "closed");
        }
        closes
    }

    /// Lets go of all that is in the channel: nobody will receive it.
    pub(crate) fn clear(&self) {
        if shim::doomed() {
            return;
        }
        let queue = self.state.with(|state| mem::replace(&mut state.queue, Blocks::new()));
        self.let_go(queue);
    }

    fn let_go(&self, mut queue: Blocks<T>) {
        if self.has_hook() {
            while let Some(value) = queue.pop(&mut None) {
                self.undelivered(value);
            }
        }
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

impl<T, R> Drop for Store<T, R> {
    fn drop(&mut self) {
        let hook = self.rules.as_ref().and_then(|rules| rules.undelivered.as_ref());
        if let Some(hook) = hook {
            let mut queue = mem::replace(&mut self.state.get_mut().queue, Blocks::new());
            while let Some(value) = queue.pop(&mut None) {
                hook(value);
            }
        }
    }
}

impl<T, R> fmt::Debug for Store<T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}
