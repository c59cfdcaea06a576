//! How messages are sent and read. The pictures are in the heads of `raw/broadcast.rs` and
//! `raw/gate.rs`.

use alloc::boxed::Box;
use core::{fmt, sync::atomic::Ordering::Relaxed};

use selvedge_sync::raw::{
    line::Primitive,
    shim::{Label, atomic::AtomicUsize},
};

use super::{Overflow, error::TryRecvError};
use crate::raw::{
    broadcast::{MAX_LEFT, MAX_SIZE, Pinned, Ring},
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
        assert!(capacity <= MAX_SIZE, "a broadcast channel of that capacity is too large");
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

    /// Reads the next message, if that is there and nothing is in the way.
    #[inline(always)]
    pub(super) fn try_recv_fast(&self, cursor: &mut Cursor<T>) -> Option<T>
    where
        T: Clone,
    {
        // How many there are to read, but one: with none, or `HELD`, it is too large as well.
        let behind = self.sent.look().number().wrapping_sub(cursor.next).wrapping_sub(1);
        if behind >= self.ring.size() {
            return None;
        }
        let pinned = self.ring.pin(cursor.next)?;
        Some(self.read(pinned, cursor))
    }

    /// Reads the next message, if there is one.
    #[cold]
    #[inline(never)]
    pub(super) fn try_recv_slowly(&self, cursor: &mut Cursor<T>) -> Result<T, TryRecvError>
    where
        T: Clone,
    {
        if let Some(message) = cursor.take_held() {
            return Ok(message);
        }
        let seen = self.sent.look();
        if seen.number() == cursor.next {
            return Err(if seen.is_closed() { TryRecvError::Closed } else { TryRecvError::Empty });
        }
        let is_kept = seen.number() - cursor.next <= self.ring.size();
        match is_kept.then(|| self.ring.pin_slowly(cursor.next)).flatten() {
            Some(pinned) => Ok(self.read(pinned, cursor)),
            None => Err(TryRecvError::Lagged(self.catch_up(cursor))),
        }
    }

    #[inline(always)]
    fn read(&self, mut pinned: Pinned<'_, T>, cursor: &mut Cursor<T>) -> T
    where
        T: Clone,
    {
        // A copy is made with nothing locked; if it panics, the message counts as read.
        cursor.next += 1;
        self.sent.note("received");
        let message = pinned.read();
        match pinned.leave() {
            Ok(()) => message,
            Err(pinned) => claim(cursor, message, pinned),
        }
    }

    /// Goes on with the oldest message that is kept. How many were missed.
    fn catch_up(&self, cursor: &mut Cursor<T>) -> u64 {
        // With the tail locked: whoever overtakes has done so.
        let number = self.ring.with_tail(|_| self.sent.look().number());
        let oldest = number - self.ring.size();
        oldest - core::mem::replace(&mut cursor.next, oldest)
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
                    drop(self.0.pin_slowly(self.1 - 1));
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

/// Where a receiver is.
pub(super) struct Cursor<T> {
    /// The number of the next message, and whether one is held.
    next: u64,
    /// A message that was read and could not be returned. Boxed, as that is rare.
    held: Option<Box<T>>,
}

/// Beside the number of the next message: there is one to be returned before it. So large that no
/// number of a message sent makes up for it.
const HELD: u64 = 1 << 63;

impl<T> Cursor<T> {
    /// At the message of that number.
    #[inline]
    pub(super) const fn new(next: u64) -> Self {
        Self { next, held: None }
    }

    /// The number of the next message.
    #[inline(always)]
    pub(super) const fn next(&self) -> u64 {
        self.next & !HELD
    }

    /// How many of `sent` messages are to be returned.
    pub(super) fn behind(&self, sent: u64) -> u64 {
        sent - self.next() + u64::from(self.held.is_some())
    }

    fn take_held(&mut self) -> Option<T> {
        let held = self.held.take()?;
        self.next = self.next();
        Some(*held)
    }
}

/// Ends a pin whose message is on its way to the receiver, which runs other people's code: wakers of
/// senders, the drop of the message. Should that panic, the next look returns the message.
#[cold]
#[inline(never)]
fn claim<T>(cursor: &mut Cursor<T>, message: T, pinned: Pinned<'_, T>) -> T {
    struct Unclaimed<'a, T> {
        cursor: &'a mut Cursor<T>,
        message: Option<T>,
    }

    impl<T> Drop for Unclaimed<'_, T> {
        fn drop(&mut self) {
            if let Some(message) = self.message.take() {
                self.cursor.held = Some(Box::new(message));
                self.cursor.next |= HELD;
            }
        }
    }

    let mut unclaimed = Unclaimed { cursor, message: Some(message) };
    drop(pinned);
    let Some(message) = unclaimed.message.take() else { unreachable!("it was put there above") };
    message
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
