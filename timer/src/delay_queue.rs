//! A queue whose items come out when they are due: [`DelayQueue`].
//!
//! A wheel of its own keeps the items, and one sleep waits for the earliest of them. What is due
//! leaves the wheel slot by slot, and waits in `due` to be taken; its keys stay good until then.

use alloc::vec::Vec;
use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use std::time::Instant;

use selvedge_sync::raw::shim::mutant;

use crate::{
    Current, Sleep, Timer,
    raw::{
        timer::{after, never},
        wheel::{Due, Id, Wheel},
    },
    sleep_until_on,
};

/// A queue whose items come out when they are due, in order of their deadlines, and of insertion
/// where these are equal.
///
/// # Examples
///
/// ```
/// use std::{future::poll_fn, time::Duration};
///
/// use selvedge_timer::{DelayQueue, Timer, VirtualClock};
///
/// let clock = VirtualClock::new();
/// let mut queue = DelayQueue::new_on(&clock);
/// let second = Duration::from_secs(1);
/// let session = queue.insert("a session", 60 * second);
/// queue.insert("a request", 5 * second);
///
/// pollster::block_on(clock.auto_advance(async {
///     let first = poll_fn(|cx| queue.poll_expired(cx)).await.unwrap();
///     assert_eq!(first.into_inner(), "a request");
///     assert_eq!(queue.remove(&session).into_inner(), "a session");
///     assert!(poll_fn(|cx| queue.poll_expired(cx)).await.is_none());
/// }));
/// ```
pub struct DelayQueue<V, T: Timer = Current> {
    wheel: Wheel<V>,
    zero: Instant,
    sleep: Sleep<T>,
    /// Due, in order, up to `next` taken; one that was removed in time has no item.
    due: Vec<Due<V>>,
    next: usize,
    /// How many of `due` are there.
    ready: usize,
}

/// Nothing is pinned in it.
impl<V, T: Timer> Unpin for DelayQueue<V, T> {}

/// Stands for an item of a [`DelayQueue`], until that is taken out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(Id);

/// An item that came out of a [`DelayQueue`].
#[derive(Debug)]
pub struct Expired<V> {
    value: V,
    deadline: Instant,
    key: Key,
}

impl<V> Expired<V> {
    /// The item.
    pub fn get_ref(&self) -> &V {
        &self.value
    }

    /// The item.
    pub fn get_mut(&mut self) -> &mut V {
        &mut self.value
    }

    /// The item.
    pub fn into_inner(self) -> V {
        self.value
    }

    /// When it was due.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// What stood for it.
    pub fn key(&self) -> Key {
        self.key
    }
}

impl<V> DelayQueue<V> {
    /// An empty queue, by the thread's current timer.
    ///
    /// # Panics
    ///
    /// As [`sleep`](crate::sleep()).
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        Self::new_on(Current::get())
    }

    /// An empty queue with memory for so many items, by the thread's current timer.
    ///
    /// # Panics
    ///
    /// As [`sleep`](crate::sleep()).
    #[must_use]
    #[track_caller]
    pub fn with_capacity(capacity: usize) -> Self {
        let mut queue = Self::new();
        queue.reserve(capacity);
        queue
    }
}

impl<V> Default for DelayQueue<V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<V, T: Timer> DelayQueue<V, T> {
    /// An empty queue, by a timer of the caller's choice, borrowed or kept.
    #[must_use]
    pub fn new_on(timer: T) -> Self {
        let zero = timer.now();
        Self {
            wheel: Wheel::new(),
            zero,
            sleep: sleep_until_on(timer, never()),
            due: Vec::new(),
            next: 0,
            ready: 0,
        }
    }

    /// Puts an item in that is due in `timeout` from now.
    ///
    /// A task that waits is woken in time. `Duration::MAX` is [never](crate::never()).
    ///
    /// # Panics
    ///
    /// If a task waits and the timer's thread cannot be started.
    pub fn insert(&mut self, value: V, timeout: Duration) -> Key {
        self.insert_at(value, after(self.sleep.timer().now(), timeout))
    }

    /// Puts an item in that is due at `when`.
    ///
    /// # Panics
    ///
    /// As [`insert`](Self::insert).
    pub fn insert_at(&mut self, value: V, when: Instant) -> Key {
        let id = self.wheel.insert(self.nanos(when), value);
        self.hurry(when);
        Key(id)
    }

    /// Takes the next item that is due, waits for it, or says that there is none at all.
    ///
    /// # Panics
    ///
    /// If the timer's thread cannot be started.
    pub fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<Option<Expired<V>>> {
        loop {
            while let Some(due) = self.due.get_mut(self.next) {
                self.next += 1;
                if let Some(value) = due.item.take() {
                    let Due { at, id, .. } = *due;
                    self.ready -= 1;
                    self.wheel.remove(id);
                    let (deadline, key) = (self.instant(at), Key(id));
                    return Poll::Ready(Some(Expired { value, deadline, key }));
                }
            }
            self.due.clear();
            self.next = 0;
            let now = self.nanos(self.sleep.timer().now());
            if self.wheel.collect(now, &mut self.due) {
                for (index, due) in (0..).zip(&self.due) {
                    self.wheel.note(due.id.entry, index);
                }
                self.ready = self.due.len();
                continue;
            }
            let next = self.wheel.next_look().map_or_else(never, |next| self.instant(next));
            if self.sleep.deadline() != next {
                Pin::new(&mut self.sleep).reset(next);
            }
            if Pin::new(&mut self.sleep).poll(cx).is_pending() {
                return if self.wheel.waiting() > 0 { Poll::Pending } else { Poll::Ready(None) };
            }
        }
    }

    /// Takes an item out before it has come out by itself.
    ///
    /// # Panics
    ///
    /// If it is not in the queue any more.
    #[track_caller]
    pub fn remove(&mut self, key: &Key) -> Expired<V> {
        self.try_remove(key).expect(GONE)
    }

    /// Takes an item out before it has come out by itself; `None` if it is not in the queue any
    /// more.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use selvedge_timer::DelayQueue;
    ///
    /// let mut due = DelayQueue::with_capacity(8);
    /// let soon = due.insert_at("soon", Instant::now() + Duration::from_secs(60));
    /// let late = due.insert("late", Duration::from_secs(90));
    /// assert_eq!(due.peek(), Some(soon));
    /// due.reset_at(&soon, Instant::now() + Duration::from_secs(120));
    /// assert_eq!(due.peek(), Some(late));
    /// assert_eq!(due.try_remove(&soon).expect("it is there").into_inner(), "soon");
    /// assert!(due.try_remove(&soon).is_none());
    /// due.compact();
    /// due.shrink_to_fit();
    /// assert_eq!(due.len(), 1);
    /// ```
    pub fn try_remove(&mut self, key: &Key) -> Option<Expired<V>> {
        let at = self.at(key)?;
        let value = match self.take_due(key) {
            Some(value) => value,
            None => self.wheel.remove(key.0)?,
        };
        self.wheel.remove(key.0);
        Some(Expired { value, deadline: self.instant(at), key: *key })
    }

    /// Has an item come out in `timeout` from now instead.
    ///
    /// # Panics
    ///
    /// If it is not in the queue any more, or as [`insert`](Self::insert).
    #[track_caller]
    pub fn reset(&mut self, key: &Key, timeout: Duration) {
        self.reset_at(key, after(self.sleep.timer().now(), timeout));
    }

    /// Has an item come out at `when` instead.
    ///
    /// # Panics
    ///
    /// As [`reset`](Self::reset).
    #[track_caller]
    pub fn reset_at(&mut self, key: &Key, when: Instant) {
        assert!(self.at(key).is_some(), "{GONE}");
        let value = self.take_due(key).or_else(|| self.wheel.take(key.0.entry));
        let Some(value) = value else { return };
        self.wheel.set(key.0.entry, self.nanos(when), value);
        self.hurry(when);
    }

    /// What comes out next.
    #[must_use]
    pub fn peek(&self) -> Option<Key> {
        let due = self.due[self.next..].iter().find(|due| due.item.is_some()).map(|due| due.id);
        due.or_else(|| self.wheel.peek()).map(Key)
    }

    /// When an item is due.
    ///
    /// # Panics
    ///
    /// If it is not in the queue any more.
    #[must_use]
    #[track_caller]
    pub fn deadline(&self, key: &Key) -> Instant {
        self.instant(self.at(key).expect(GONE))
    }

    /// Drops all items. Keys of theirs stand for nothing any more.
    pub fn clear(&mut self) {
        let due = mem::take(&mut self.due);
        (self.next, self.ready) = (0, 0);
        let gone = self.wheel.clear();
        Pin::new(&mut self.sleep).reset(never());
        drop((due, gone));
    }

    /// Gives back memory that no item needs. Keys stay good.
    pub fn compact(&mut self) {
        self.wheel.shrink();
        self.due.shrink_to_fit();
    }

    /// As [`compact`](Self::compact).
    pub fn shrink_to_fit(&mut self) {
        self.compact();
    }

    /// Makes room for `additional` more items.
    pub fn reserve(&mut self, additional: usize) {
        self.wheel.reserve(additional);
    }

    /// How many items there is memory for.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.wheel.capacity()
    }

    /// How many items there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.wheel.waiting() + self.ready
    }

    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn nanos(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.zero).as_nanos()).unwrap_or(u64::MAX)
    }

    fn instant(&self, nanos: u64) -> Instant {
        self.zero + Duration::from_nanos(nanos)
    }

    /// Wakes who waits in time for `when`.
    fn hurry(&mut self, when: Instant) {
        if when < self.sleep.deadline() && !mutant!("an earlier item hurries nobody") {
            Pin::new(&mut self.sleep).reset(when);
        }
    }

    /// When it is due, if it is in the queue.
    fn at(&self, key: &Key) -> Option<u64> {
        if self.wheel.number(key.0.entry) != Some(key.0.number) {
            return None;
        }
        match self.wheel.noted(key.0.entry) {
            Some(index) => {
                self.due.get(index as usize).filter(|due| due.item.is_some()).map(|due| due.at)
            }
            None => self.wheel.get(key.0.entry).map(|(_, at)| at),
        }
    }

    /// The item of a key that is in the queue, if it is due.
    fn take_due(&mut self, key: &Key) -> Option<V> {
        let index = self.wheel.noted(key.0.entry)?;
        let item = self.due.get_mut(index as usize)?.item.take()?;
        self.ready -= 1;
        Some(item)
    }
}

const GONE: &str = "the item is not in the queue any more";

#[cfg(feature = "stream")]
impl<V, T: Timer> futures_core::Stream for DelayQueue<V, T> {
    type Item = Expired<V>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Expired<V>>> {
        self.poll_expired(cx)
    }
}

impl<V, T: Timer> fmt::Debug for DelayQueue<V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DelayQueue").field("len", &self.len()).finish_non_exhaustive()
    }
}
