//! How messages are sent and read. The pictures are in the heads of `raw/broadcast.rs` and
//! `raw/gate.rs`.

use core::{fmt, sync::atomic::Ordering::Relaxed};

use selvedge_sync::raw::{
    line::Primitive,
    shim::{Label, atomic::AtomicUsize},
};

use super::{Overflow, error::TryRecvError};
use crate::raw::{
    broadcast::{MAX_LEFT, Ring},
    gate::Gate,
};

/// What senders and receivers share.
pub(super) struct Shared<T> {
    ring: Ring<T>,
    /// How many messages were sent; closed once there is no sender.
    pub(super) sent: Gate,
    /// Rises whenever there is no receiver any more.
    pub(super) deserted: Gate,
    pub(super) senders: AtomicUsize,
    pub(super) weak: AtomicUsize,
    capacity: u64,
    overflow: Overflow,
}

/// What has become of a message.
pub(super) enum Pushed<T> {
    /// So many will read it; what had to go for it.
    Sent(usize, Option<T>),
    /// It was let go itself.
    Dropped(T),
    /// There is no room for it.
    Full(T),
    /// There is nobody to read it.
    Closed(T),
}

impl<T> Shared<T> {
    #[track_caller]
    pub(super) fn new(capacity: usize, overflow: Overflow) -> Self {
        assert!(capacity > 0, "a broadcast channel has room for at least one message");
        assert!(capacity <= usize::MAX / 2, "a broadcast channel of that capacity is too large");
        let size = capacity.next_power_of_two();
        // As tokio's: room that there is anyway is used, unless a limit was asked for.
        let (capacity, room) = match overflow {
            Overflow::DropOldest => (size, None),
            Overflow::DropNewest => (capacity, None),
            Overflow::Wait => (capacity, Some(capacity)),
        };
        Self {
            ring: Ring::new(size, room),
            sent: Gate::new(Label::new("broadcast")),
            deserted: Gate::new(Label::new("receivers")),
            senders: AtomicUsize::new(1),
            weak: AtomicUsize::new(0),
            capacity: capacity as u64,
            overflow,
        }
    }

    pub(super) fn ring(&self) -> &Ring<T> {
        &self.ring
    }

    pub(super) const fn overflow(&self) -> Overflow {
        self.overflow
    }

    pub(super) const fn capacity(&self) -> usize {
        self.capacity as usize
    }

    /// Sends without waiting.
    #[inline]
    pub(super) fn push(&self, message: T) -> Pushed<T> {
        if let Some(room) = self.ring.room() {
            match room.try_acquire() {
                Ok(permit) => permit.forget(),
                Err(_) => return Pushed::Full(message),
            }
        }
        self.push_inside(message)
    }

    /// Sends, with room for it taken where there is a limit.
    #[inline]
    pub(super) fn push_inside(&self, message: T) -> Pushed<T> {
        let (pushed, has_line) = self.ring.with_tail(|tail| {
            if tail.readers == 0 {
                let is_open = tail.idle > 0;
                let pushed =
                    if is_open { Pushed::Dropped(message) } else { Pushed::Closed(message) };
                return (pushed, false);
            }
            let number = self.sent.look().number();
            if matches!(self.overflow, Overflow::DropNewest)
                && number >= self.capacity
                && self.ring.is_unread(number - self.capacity)
            {
                return (Pushed::Dropped(message), false);
            }
            let displaced = self.ring.write(tail, number, message);
            (Pushed::Sent(tail.readers, displaced), self.sent.step().has_line())
        });
        match (&pushed, self.ring.room()) {
            (Pushed::Sent(..), _) => self.sent.note("sent"),
            (_, Some(room)) => room.add_permits(1),
            _ => {}
        }
        if has_line {
            self.sent.wake();
        }
        pushed
    }

    /// Reads the message at `next`, if there is one.
    #[inline(always)]
    pub(super) fn try_recv(&self, next: &mut u64) -> Result<T, TryRecvError>
    where
        T: Clone,
    {
        let seen = self.sent.look();
        if seen.number() == *next {
            return Err(if seen.is_closed() { TryRecvError::Closed } else { TryRecvError::Empty });
        }
        match self.ring.pin(*next) {
            Some(mut pinned) => {
                *next += 1;
                self.sent.note("received");
                // A copy is made with nothing locked; if it panics, the message counts as read.
                Ok(pinned.take().unwrap_or_else(|| pinned.copy()))
            }
            None => Err(TryRecvError::Lagged(self.catch_up(next))),
        }
    }

    /// Goes on with the oldest message that is kept. How many were missed.
    #[cold]
    #[inline(never)]
    fn catch_up(&self, next: &mut u64) -> u64 {
        // With the tail locked: whoever overtakes has done so.
        let number = self.ring.with_tail(|_| self.sent.look().number());
        let oldest = number - self.ring.size();
        oldest - core::mem::replace(next, oldest)
    }

    /// A reader more, from now on. Where it begins.
    #[track_caller]
    pub(super) fn enter(&self) -> u64 {
        let begin = self.ring.with_tail(|tail| {
            if tail.readers == MAX_LEFT {
                return None;
            }
            tail.readers += 1;
            Some(self.sent.look().number())
        });
        begin.unwrap_or_else(|| too_many_receivers())
    }

    /// A reader less, which had read until `next`.
    pub(super) fn leave(&self, next: u64) {
        /// Goes on behind a message whose drop panics.
        struct Rest<'a, T>(&'a Ring<T>, u64, u64);

        impl<T> Rest<'_, T> {
            fn skip(&mut self) {
                while self.1 < self.2 {
                    self.1 += 1;
                    drop(self.0.pin(self.1 - 1));
                }
            }
        }

        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                self.skip();
            }
        }

        let (end, is_deserted) = self.ring.with_tail(|tail| {
            tail.readers -= 1;
            (self.sent.look().number(), tail.readers + tail.idle == 0)
        });
        let begin = next.max(end.saturating_sub(self.ring.size()));
        let mut rest = Rest(&self.ring, begin, end);
        if is_deserted {
            self.desert();
        }
        rest.skip();
    }

    /// One that held the channel open goes.
    pub(super) fn leave_idle(&self) {
        let is_deserted = self.ring.with_tail(|tail| {
            tail.idle -= 1;
            tail.readers + tail.idle == 0
        });
        if is_deserted {
            self.desert();
        }
    }

    fn desert(&self) {
        self.deserted.note("deserted");
        if self.deserted.step().has_line() {
            self.deserted.wake();
        }
    }

    /// One more that holds the channel open.
    pub(super) fn enter_idle(&self) {
        self.ring.with_tail(|tail| tail.idle += 1);
    }

    /// How many read, and how many only hold the channel open.
    pub(super) fn receivers(&self) -> (usize, usize) {
        self.ring.with_tail(|tail| (tail.readers, tail.idle))
    }

    /// A sender less.
    pub(super) fn retire(&self) {
        if self.senders.fetch_sub(1, Relaxed) == 1 && self.sent.close().has_line() {
            self.sent.wake();
        }
    }

    /// A sender more, if there is one.
    pub(super) fn revive(&self) -> bool {
        let mut senders = self.senders.load(Relaxed);
        while senders != 0 {
            match self.senders.compare_exchange_weak(senders, senders + 1, Relaxed, Relaxed) {
                Ok(_) => return true,
                Err(now) => senders = now,
            }
        }
        false
    }
}

#[cold]
#[track_caller]
fn too_many_receivers() -> ! {
    panic!("a broadcast channel may not have more than {MAX_LEFT} receivers")
}

// SAFETY: the gate is a field.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl<T> Primitive for Shared<T> {
    type Core = Gate;

    #[inline(always)]
    fn core(&self) -> &Gate {
        &self.sent
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("sent", &self.sent).finish_non_exhaustive()
    }
}
