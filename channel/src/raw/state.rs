//! What is behind the lock of a channel: a queue of values, with a line on either side.
//!
//! # State
//!
//! A value that was sent is in the queue until a receiver that runs takes it out, and a sender that
//! waits keeps its value until it runs: calls and places go back and forth, never values. So a
//! receive that is cancelled has nothing to lose, and a send that is cancelled has sent nothing.
//! (In a rendezvous, which has no places, a receiver takes the value out of the sender's hands.)
//!
//! Two fields keep the fast half of sending and receiving to a compare: as long as the queue is
//! shorter than `limit`, a sender may put its value there, and as long as it `is_plain`, a receiver
//! may take one; nobody has to be told. Whatever else there is to be looked after makes them 0 and
//! false; [`review`](State::review) has the rules.
//!
//! Invariants, whenever the lock is free:
//! 1. `limit` and `is_plain` are as `review` leaves them.
//! 2. There are never more values, and places held, than the capacity; but for values whose
//!    receivers left a rendezvous, and those sent by a permit.
//! 3. Those of each [`Side`], and of `R` likewise: the units are the free places, and the values.
//! 4. Once closed, nobody waits for a place, and who waits for a value knows that there may be one
//!    still: a permit is out.

use core::task::Waker;

use selvedge_sync::raw::{
    list::{List, State as Stand},
    shim::mutant,
    wakers::{Wake, WakeList},
};

use super::{
    blocks::{Block, Blocks, Spent},
    side::{By, Side},
};

/// Those who wait for values.
pub(crate) trait Readers {
    /// Whether they may be of a rendezvous.
    const MEET: bool;

    /// Nobody yet.
    fn new() -> Self;

    /// Whether somebody waits who was not called.
    fn wait(&self) -> bool;

    /// Whether newcomers have to wait, whatever there is.
    fn are_strict(&self) -> bool;

    /// How many values are held for those who were called.
    fn held(&self) -> usize;

    /// How many wait, called or not.
    fn count(&self) -> usize;

    /// Calls the next, if it is due: there are so many values. Wake it once the lock is free.
    fn serve(&mut self, values: usize) -> Wake;

    /// Whether the next is due.
    fn are_due(&self, values: usize) -> bool;

    /// Calls the next to see the end.
    fn call_to_the_end(&mut self) -> Wake;

    /// Forgets the receivers, of which the last has gone; the waker of one that waited without a
    /// future of its own.
    fn forget(&mut self) -> Option<Waker>;
}

/// What is behind the lock.
pub(crate) struct State<T, R> {
    pub(crate) queue: Blocks<T>,
    pub(super) limit: usize,
    pub(super) is_plain: bool,
    /// How many places there are; 0 in a rendezvous, where they are the receivers that wait.
    pub(crate) capacity: usize,
    pub(crate) places: Side<T>,
    pub(crate) readers: R,
    /// Those who wait for the end.
    pub(super) closers: List<()>,
    pub(crate) senders: u32,
    pub(crate) receivers: u32,
    /// Counts those who have lined up, so that each knows its place.
    pub(super) clock: u32,
    pub(crate) closed: bool,
}

/// Why a value was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// The queue needs a block of so many slots.
    NoBlock(usize),
    /// There is no place for it.
    Full,
    /// The channel is closed.
    Closed,
}

/// What became of a value that was to be sent: whom to wake, or the value, and why.
pub(crate) type Sent<T> = Result<Wake, (T, Why)>;

/// A value that was received, and what is to be done once the lock is free.
pub(crate) struct Taken<T> {
    pub(crate) value: T,
    pub(crate) wake: Wake,
    /// Whether this was the end: all who wait are to be told.
    pub(crate) is_last: bool,
    pub(crate) spent: Spent<T>,
}

impl<T, R: Readers> State<T, R> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            queue: Blocks::new(),
            limit: 0,
            is_plain: capacity != 0,
            capacity,
            places: Side::new(),
            readers: R::new(),
            closers: List::new(),
            senders: 1,
            receivers: 1,
            clock: 0,
            closed: false,
        }
    }

    /// Whether this is a rendezvous.
    #[inline(always)]
    pub(super) fn is_rendezvous(&self) -> bool {
        R::MEET && self.capacity == 0
    }

    /// How many places there are in all.
    #[inline]
    fn total(&self) -> usize {
        if self.is_rendezvous() { self.readers.count() } else { self.capacity }
    }

    /// How many places nobody holds, and no value is in.
    #[inline]
    pub(crate) fn free(&self) -> usize {
        self.total().saturating_sub(self.queue.len()).saturating_sub(self.places.held)
    }

    /// Whether nothing will be sent any more.
    pub(crate) fn is_over(&self) -> bool {
        self.closed && (self.places.held == 0 || self.senders == 0)
    }

    /// Whether nothing will be received any more.
    #[inline]
    pub(crate) fn is_ended(&self) -> bool {
        self.is_over() && self.queue.len() == 0
    }

    /// Sets `limit` and `is_plain` anew (invariant 1).
    #[inline]
    pub(crate) fn review(&mut self) {
        let senders_look = self.closed || self.readers.wait() || self.places.is_barred();
        self.limit = if senders_look { 0 } else { self.total().saturating_sub(self.places.held) };
        let receivers_look = self.closed
            || self.is_rendezvous()
            || !self.places.is_empty()
            || self.readers.are_strict()
            || self.readers.held() > 0;
        self.is_plain = !receivers_look;
    }

    /// Whether there is a place for somebody who comes by `by`.
    #[inline]
    pub(crate) fn has_place(&self, by: By) -> bool {
        match by {
            By::Newcomer => {
                !self.places.is_barred()
                    && (self.free() > 0 || mutant!("a full channel takes one more"))
            }
            By::Called => self.free() > 0,
            By::Holder => true,
            By::Done | By::Refused => false,
        }
    }

    /// Holds places for somebody who comes by `by`; else whether there will be none.
    pub(crate) fn reserve(&mut self, places: usize, by: By) -> Result<(), bool> {
        match by {
            By::Holder => Ok(()),
            _ if self.closed && !mutant!("a closed channel hands out places") => Err(true),
            By::Newcomer if places > 0 && self.places.is_barred() => Err(false),
            _ if places > self.free() => Err(false),
            _ => {
                self.places.held += places;
                self.review();
                Ok(())
            }
        }
    }

    /// Whether somebody who comes by `by` may [put](Self::put) a value; there is room for it then.
    #[inline]
    pub(super) fn may_put(&mut self, by: By, block: &mut Option<Block<T>>) -> Result<(), Why> {
        // A permit that was had before closing is as good as ever, as long as somebody receives.
        if self.closed && (by != By::Holder || self.receivers == 0) {
            self.places.held -= usize::from(by == By::Holder);
            return Err(Why::Closed);
        }
        if !self.has_place(by) {
            return Err(Why::Full);
        }
        if !self.queue.supply(block) {
            let most = if self.capacity == 0 { 1 } else { self.capacity };
            return Err(Why::NoBlock(self.queue.next_slots(most)));
        }
        Ok(())
    }

    /// Puts a value into the queue, and calls a receiver for it. A place that was held is used up.
    #[inline]
    pub(super) fn put(&mut self, value: T, by: By) -> Wake {
        self.queue.push(value);
        self.places.held -= usize::from(by == By::Holder);
        let wake = if mutant!("a value that is sent calls nobody") {
            Wake::NOBODY
        } else {
            self.readers.serve(self.queue.len())
        };
        self.review();
        wake
    }

    /// [Puts](Self::put) a value if somebody who comes by `by` may.
    #[inline]
    pub(super) fn try_put(&mut self, value: T, by: By, block: &mut Option<Block<T>>) -> Sent<T> {
        match self.may_put(by, block) {
            Ok(()) => Ok(self.put(value, by)),
            Err(why) => Err((value, why)),
        }
    }

    /// Takes a value for somebody who comes by `by`, and calls a sender for its place.
    pub(crate) fn take(&mut self, by: By) -> Option<Taken<T>> {
        let may = match by {
            By::Newcomer => !self.readers.are_strict() && self.queue.len() > self.readers.held(),
            By::Called => self.queue.len() > self.readers.held(),
            By::Holder => true,
            By::Done | By::Refused => false,
        };
        if may {
            if let Some(taken) = self.take_first() {
                // What was held for whoever takes it is held no more.
                self.review();
                return Some(taken);
            }
        }
        // Behind the values whose receivers have left, or those of one sender would change places.
        if self.is_rendezvous() && self.queue.len() == 0 && by != By::Refused {
            let (value, wake) = self.places.take_cargo()?;
            self.review();
            return Some(Taken { value, wake, is_last: false, spent: None });
        }
        None
    }

    /// Takes the first value, and calls a sender for its place.
    #[inline(always)]
    pub(super) fn take_first(&mut self) -> Option<Taken<T>> {
        let mut spent = None;
        let value = self.queue.pop(&mut spent)?;
        let wake = if self.places.is_empty() || mutant!("a value that is received calls nobody") {
            Wake::NOBODY
        } else {
            let free = self.free();
            let wake = self.places.serve(free);
            self.review();
            wake
        };
        Some(Taken { value, wake, is_last: self.is_ended(), spent })
    }

    /// Whether there is nothing to be received, and nothing in the way of waiting for it.
    #[inline(always)]
    pub(super) fn is_idle(&self) -> bool {
        let nobody_sends = !self.is_rendezvous() || self.places.is_empty();
        self.queue.len() == 0 && nobody_sends && !self.closed
    }

    /// Whether there is no place, and nothing in the way of waiting for one.
    #[inline(always)]
    pub(super) fn is_just_full(&self) -> bool {
        !self.closed && !self.is_rendezvous() && self.queue.len() >= self.capacity
    }

    /// Calls those in line for places who are due; whether there are more than `wakes` has room for.
    pub(crate) fn serve_places(&mut self, wakes: &mut WakeList) -> bool {
        while self.places.is_due(self.free()) {
            if wakes.is_full() {
                return true;
            }
            let free = self.free();
            wakes.push(self.places.serve(free));
            if mutant!("a batch calls one") {
                return false;
            }
        }
        false
    }

    /// Calls those in line for values who are due.
    pub(crate) fn serve_readers(&mut self, wakes: &mut WakeList) -> bool {
        while self.readers.are_due(self.queue.len()) {
            if wakes.is_full() {
                return true;
            }
            wakes.push(self.readers.serve(self.queue.len()));
        }
        false
    }

    /// Calls all who wait for values, to see the end.
    pub(crate) fn call_readers(&mut self, wakes: &mut WakeList) -> bool {
        while self.readers.wait() {
            if wakes.is_full() {
                return true;
            }
            wakes.push(self.readers.call_to_the_end());
            if mutant!("the end is told to one") {
                return false;
            }
        }
        false
    }

    /// Sends away all who wait for places, and tells those who wait for the end, or for values.
    pub(super) fn send_away(&mut self, wakes: &mut WakeList) -> bool {
        while !self.places.is_empty() {
            if wakes.is_full() {
                return true;
            }
            wakes.push(self.places.refuse());
            if mutant!("closing a channel sends one away") {
                break;
            }
        }
        while !self.closers.is_empty() && !mutant!("closing tells nobody who waits for it") {
            if wakes.is_full() {
                return true;
            }
            wakes.push(self.closers.pop_front(Stand::Granted));
        }
        self.call_readers(wakes)
    }

    /// The time, by the channel's clock.
    pub(crate) fn tick(&mut self) -> u32 {
        self.clock = self.clock.wrapping_add(1);
        self.clock
    }

    /// One more sender.
    pub(crate) fn add_sender(&mut self) {
        self.senders = self.senders.checked_add(1).expect("there are too many senders");
    }

    /// A receiver has lined up: in a rendezvous that is a place for a sender.
    #[cfg(feature = "mpmc")]
    #[inline]
    pub(crate) fn arrived(&mut self) -> Wake {
        if !self.is_rendezvous() || self.places.is_empty() {
            return Wake::NOBODY;
        }
        let free = self.free();
        let wake = self.places.serve(free);
        self.review();
        wake
    }

    /// Who waits for the end.
    pub(crate) fn closers(&mut self) -> &mut List<()> {
        &mut self.closers
    }
}
