//! The one-lock core of a channel: a queue of values, with a line on either side.
//!
//! Everything is behind one lock of a few instructions ([`Brief`]): the queue, both lines, the
//! counts of handles. So operations are steps of one state, in the order in which they took the
//! lock, and closing or the last handle's going races with nothing.

use alloc::boxed::Box;
use core::{fmt, mem};

use selvedge_sync::raw::{
    shim::{self, Brief, Held, Label, mutant, op},
    wakers::in_batches,
};

use super::{
    blocks::Blocks,
    side::By,
    state::{Readers, Sent, State, Why},
};

mod receiving;

/// What happens to a message that finds the channel full.
///
/// # Examples
///
/// ```
/// use selvedge_channel::mpmc::{Builder, Overflow};
///
/// // Positions of a pointer: the newest count.
/// let (moves, seen) = Builder::bounded(2).overflow(Overflow::DropOldest).build();
/// for position in 1..=5 {
///     moves.try_send(position).unwrap();
/// }
/// assert_eq!((seen.try_recv(), seen.try_recv()), (Ok(4), Ok(5)));
/// ```
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
///
/// # Examples
///
/// ```
/// let (tx, rx) = selvedge_channel::mpsc::channel(8);
/// tx.try_send("weft").unwrap();
/// let _place = tx.try_reserve().unwrap();
/// let seen = rx.statistics();
/// // For a gauge: how far the receiver is behind.
/// assert_eq!((seen.len, seen.held, seen.senders), (1, 1, 1));
/// ```
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

    /// Sends a value, for which `sent` is the word; by `slowly` if something has to be looked after.
    #[inline(always)]
    pub(super) fn send_or<O>(
        &self,
        value: T,
        sent: O,
        slowly: impl FnOnce(Held<'_, State<T, R>>, T) -> O,
    ) -> O {
        let fast = |state: &mut State<T, R>, value| {
            if state.queue.len() < state.limit && state.queue.has_room() {
                state.queue.push(value);
                op!(self.label, "sent");
                return Ok(sent);
            }
            Err(value)
        };
        self.state.with_or(value, fast, slowly)
    }

    /// Sends a value if there is a place for it.
    #[inline]
    pub(super) fn send_held_up(
        &self,
        held: Held<'_, State<T, R>>,
        value: T,
    ) -> Result<(), (T, Why)> {
        match held.with(|state| state.try_put(value, By::Newcomer, &mut None)) {
            // The one that is to be quick.
            Err((value, Why::Full)) => Err((value, Why::Full)),
            sent => self.finish(sent, By::Newcomer),
        }
    }

    /// Sends a value if that needs no wait.
    #[inline(always)]
    pub(crate) fn try_send(&self, value: T) -> Result<(), (T, Why)> {
        self.send_or(value, Ok(()), |held, value| self.try_send_slowly(held, value))
    }

    #[cold]
    #[inline(never)]
    fn try_send_slowly(&self, held: Held<'_, State<T, R>>, value: T) -> Result<(), (T, Why)> {
        match self.send_held_up(held, value) {
            Err((value, Why::Full)) => self.overflowed(value),
            sent => sent,
        }
    }

    /// What becomes of a value that finds the channel full.
    #[cold]
    #[inline(never)]
    pub(crate) fn overflowed(&self, value: T) -> Result<(), (T, Why)> {
        match self.overflow() {
            Overflow::Wait => Err((value, Why::Full)),
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
                Err(value) => Err((value, Why::Closed)),
            },
        }
    }

    /// Goes on with what became of a value, for somebody who came by `by`.
    pub(super) fn finish(&self, sent: Sent<T>, by: By) -> Result<(), (T, Why)> {
        let mut sent = sent;
        loop {
            match sent {
                Ok(wake) => {
                    op!(self.label, "sent");
                    wake.wake();
                    return Ok(());
                }
                Err((value, Why::NoBlock(slots))) => {
                    let mut block = Some(Blocks::block(slots));
                    sent = self.state.with(|state| state.try_put(value, by, &mut block));
                }
                Err(back) => return Err(back),
            }
        }
    }

    /// Sends a value by a place that is held, which is used up.
    pub(crate) fn send_held(&self, value: T) -> Result<(), T> {
        let sent = self.state.with(|state| state.try_put(value, By::Holder, &mut None));
        self.finish(sent, By::Holder).map_err(|(value, _)| value)
    }

    /// Sends a value, in the place of the oldest if there is none free. Hands out what was displaced:
    /// `value` itself, if there is nothing to displace.
    pub(crate) fn force_send(&self, value: T) -> Result<Option<T>, T> {
        let mut value = value;
        let mut block = None;
        loop {
            let mut spent = None;
            let mut oldest = None;
            let sent = self.state.with(|state| {
                match state.may_put(By::Newcomer, &mut block) {
                    Ok(()) => return Ok(state.put(value, By::Newcomer)),
                    Err(Why::Full) if state.queue.len() != 0 => {}
                    Err(why) => return Err((value, why)),
                }
                // Made before the oldest goes, so that there is no way back.
                if !state.queue.supply(&mut block) {
                    let slots = state.queue.next_slots(state.capacity);
                    return Err((value, Why::NoBlock(slots)));
                }
                let first = state.queue.pop(&mut spent);
                if !mutant!("what is displaced is not handed out") {
                    oldest = first;
                }
                state.places.held += 1;
                Ok(state.put(value, By::Holder))
            });
            drop(spent);
            match sent {
                Ok(wake) => {
                    op!(self.label, "sent by force");
                    wake.wake();
                    return Ok(oldest);
                }
                Err((back, Why::NoBlock(slots))) => {
                    value = back;
                    block = Some(Blocks::block(slots));
                }
                Err((value, Why::Full)) => return Ok(Some(value)),
                Err((value, Why::Closed)) => return Err(value),
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
        // Dropped at the end of all, for that is other people's code.
        let mut _waker = None;
        self.close_with(|state| {
            state.receivers -= 1;
            last = state.receivers == 0;
            if last {
                _waker = state.readers.forget();
            }
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
