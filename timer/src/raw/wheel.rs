//! A hierarchical wheel: what is due when, with insert, move and remove in constant time.
//!
//! ```text
//!   ticks of 2^16 ns      64 slots a level, an occupied slot is a bit
//! ┌─────────┬───┬───┬───┬───┬─ ─┬───┐   level 0: this tick and the 63 after it     (4 ms)
//! │ level 0 │ 0 │ 1 │ 2 │ 3 │   │63 │   level 1: slots of 64 ticks                 (0.3 s)
//! ├─────────┼───┼───┼───┼───┼─ ─┼───┤   level 2 to 5: 64 times as long each
//! │ level 5 │ 0 │ 1 │ 2 │ 3 │   │63 │            (17 s, 18 min, 20 h, 52 days)
//! └─────────┴───┴───┴───┴───┴─ ─┴───┘   beyond: one more slot for all the rest
//! ```
//!
//! Deadlines are exact: ticks only sort them into slots, and a slot knows its earliest. A slot is a
//! vector of deadlines, whose entries lie in a table of their own: keys stay where they are while
//! deadlines wander from slot to slot, and a slot is gone through without following pointers.
//!
//! A deadline stands in the level of the highest digit, to base 64, in which its tick differs from
//! that of `elapsed`, in the slot of that digit.
//!
//! An entry that is removed leaves its place behind, dead, and is free once that is swept away: when
//! its slot is emptied, or when two of three places are dead. To take it out at once, four places
//! in memory would have to be waited for one after the other, and one is enough.
//!
//! Deadlines that come shortly after the earliest can be waited for together with it: to wake up
//! for each of a crowd would cost a hundred times what the wheel does.
//!
//! Invariants:
//! 1. No waiting deadline has a tick before `elapsed`, or it stands in the slot of `elapsed`.
//! 2. So what stands in a level is due before all of the levels above, and what stands in a slot
//!    before all of the slots after it: the first slot of the lowest level has the earliest.
//! 3. `earliest` of a slot is no later than any deadline in it, and `latest` no earlier. They are
//!    exact until one is removed.
//! 4. `elapsed` moves to the slot that is being emptied, and no further: 1 and 2 stay true.
//! 5. A waiting entry has one place, and knows it; a dead one is `FREE`, has one place, and is not
//!    handed out before that is gone.

use alloc::vec::Vec;
use core::{cmp, mem};

use selvedge_sync::raw::shim::mutant;

use super::free::Free;

mod dead;

const LEVELS: usize = 6;
const SLOTS: usize = 64;
/// log2 of `SLOTS`.
const DIGIT: u32 = 6;
/// A tick has 2^16 nanoseconds: deadlines of one tick are sorted when they are due, and some 100
/// of 100,000 timers that end within 50 ms share one.
const TICK: u32 = 16;
/// The slot of what lies beyond the top level.
const BEYOND: usize = LEVELS * SLOTS;
/// Not in a slot: it was due.
const FIRED: u16 = u16::MAX;
/// Not in a slot: nobody's.
const FREE: u16 = u16::MAX - 1;
/// A slot that was emptied keeps its memory up to so many places, so that a steady state allocates
/// nothing; all slots together then keep six megabytes at most.
const KEPT: usize = 1024;
/// So many more places may be dead than twice those that are not: a sweep goes through three places
/// for two that it takes away then, and hardly one in four deadlines that stay has to move.
const DEAD: usize = 256;
/// Deadlines of so many ticks are waited for together, a quarter of a millisecond: of a crowd, that
/// is; for one that stands alone its own time counts.
const TOGETHER: usize = 4;

/// Stands for a deadline: its entry, which somebody else's may be later, and its number, which no
/// other has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id {
    /// In order of creation.
    pub number: u64,
    /// Where it is.
    pub entry: u32,
}

/// Deadlines, in nanoseconds, each with an item. An entry is its owner's until it is removed.
#[derive(Debug)]
pub struct Wheel<T> {
    /// The tick up to which slots were emptied.
    elapsed: u64,
    occupied: [u64; LEVELS],
    /// None until there is an entry.
    slots: Vec<Slot>,
    entries: Vec<Entry<T>>,
    free: Free,
    /// Which entries are dead, a bit for each that there is.
    dead: Vec<u64>,
    dead_count: usize,
    next_number: u64,
    waiting: usize,
}

#[derive(Debug)]
struct Slot {
    earliest: u64,
    latest: u64,
    places: Vec<Place>,
}

impl Slot {
    const EMPTY: Self = Self { earliest: u64::MAX, latest: 0, places: Vec::new() };

    /// What stands in it starts at `earliest` and ends at `latest`.
    #[inline]
    fn widen(&mut self, at: u64) {
        self.earliest = cmp::min(self.earliest, at);
        self.latest = cmp::max(self.latest, at);
    }

    /// Nothing stands in it.
    #[inline]
    fn reset(&mut self) {
        (self.earliest, self.latest) = (u64::MAX, 0);
    }
}

#[derive(Clone, Copy, Debug)]
struct Place {
    at: u64,
    entry: u32,
}

/// Aligned, so that one of a small item never lies across two lines of the cache.
#[derive(Debug)]
#[repr(align(32))]
struct Entry<T> {
    /// Until it is due.
    item: Option<T>,
    /// In order of creation.
    number: u64,
    slot: u16,
    /// Where in its slot.
    index: u32,
}

/// What was due.
#[derive(Debug)]
pub struct Due<T> {
    /// Its deadline.
    pub at: u64,
    /// Which it is: its entry is its owner's still.
    pub id: Id,
    /// What was kept until then, unless it has been taken out.
    pub item: Option<T>,
}

impl<T> Wheel<T> {
    /// Nothing is waited for.
    #[expect(clippy::new_without_default, reason = "one way to make it is enough")]
    pub const fn new() -> Self {
        Self {
            elapsed: 0,
            occupied: [0; LEVELS],
            slots: Vec::new(),
            entries: Vec::new(),
            free: Free::new(),
            dead: Vec::new(),
            dead_count: 0,
            next_number: 0,
            waiting: 0,
        }
    }

    /// How many deadlines are waited for.
    pub const fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many entries there is memory for.
    pub fn capacity(&self) -> usize {
        self.entries.capacity()
    }

    /// Makes room for `more` entries.
    pub fn reserve(&mut self, more: usize) {
        let free = self.entries.iter().filter(|entry| entry.slot == FREE).count();
        self.entries.reserve(more.saturating_sub(free));
    }

    /// Gives back the memory that no entry needs.
    pub fn shrink(&mut self) {
        self.sweep();
        while self.entries.last().is_some_and(|entry| entry.slot == FREE) {
            self.entries.pop();
        }
        self.free.clear();
        for (at, entry) in self.entries.iter().enumerate() {
            if entry.slot == FREE {
                self.free.add(as_entry(at));
            }
        }
        self.entries.shrink_to_fit();
        for slot in &mut self.slots {
            slot.places.shrink_to_fit();
        }
    }

    /// Forgets all; what they had. Numbers go on, so that no key of before is good again.
    pub fn clear(&mut self) -> Vec<T> {
        let next_number = self.next_number;
        let old = mem::replace(self, Self { next_number, ..Self::new() });
        old.entries.into_iter().filter_map(|entry| entry.item).collect()
    }

    /// Waits for `at`.
    ///
    /// # Panics
    ///
    /// If there are 2^32 - 1 entries.
    #[inline]
    pub fn insert(&mut self, at: u64, item: T) -> Id {
        let entry = match self.free.take() {
            Some(entry) => entry,
            None => self.grow(),
        };
        let number = self.next_number;
        self.next_number += 1;
        let (slot, index) = self.place(at, entry);
        let fresh = Entry { item: Some(item), number, slot, index };
        // One that is free has no item: nothing is to be dropped.
        mem::forget(mem::replace(&mut self.entries[entry as usize], fresh));
        self.waiting += 1;
        Id { number, entry }
    }

    /// One more entry, which is free.
    #[inline(never)]
    fn grow(&mut self) -> u32 {
        let entry = as_entry(self.entries.len());
        self.entries.push(Entry { item: None, number: u64::MAX, slot: FREE, index: 0 });
        let words = self.entries.len().div_ceil(64);
        if words > self.dead.len() {
            self.dead.resize(words, 0);
        }
        if self.slots.is_empty() {
            self.slots.resize_with(BEYOND + 1, || Slot::EMPTY);
        }
        entry
    }

    /// Moves an entry to `at`, with `item`, whether it was due or not; what it had.
    ///
    /// # Panics
    ///
    /// If it is nobody's.
    pub fn set(&mut self, entry: u32, at: u64, item: T) -> Option<T> {
        let before = self.take(entry);
        self.entries[entry as usize].item = Some(item);
        self.put(at, entry);
        self.waiting += 1;
        before
    }

    /// Takes what an entry has, as if it had been due.
    ///
    /// # Panics
    ///
    /// If it is nobody's.
    pub fn take(&mut self, entry: u32) -> Option<T> {
        let known = self.entries.get(entry as usize).is_some_and(|entry| entry.slot != FREE);
        assert!(known, "a key of another timer");
        self.unlink(entry);
        self.entries[entry as usize].item.take()
    }

    /// Forgets a deadline; what it had, unless it was due. One that is gone is left alone.
    #[inline]
    pub fn remove(&mut self, Id { number, entry }: Id) -> Option<T> {
        let gone = self.entries.get_mut(entry as usize)?;
        if gone.number != number && !mutant!("a key is good for whoever comes into its place") {
            return None;
        }
        match mem::replace(&mut gone.slot, FREE) {
            FREE => None,
            FIRED => {
                self.free.add(entry);
                None
            }
            _ => {
                let item = gone.item.take();
                self.dead[entry as usize / 64] |= 1 << (entry % 64);
                self.dead_count += 1;
                self.waiting -= 1;
                if self.dead_count > 2 * self.waiting + DEAD {
                    self.sweep();
                }
                item
            }
        }
    }

    /// Whether a slot is occupied.
    #[inline]
    fn mark(&mut self, at: usize, occupied: bool) {
        if let Some(level) = self.occupied.get_mut(at / SLOTS) {
            let bit = 1 << (at % SLOTS);
            *level = if occupied { *level | bit } else { *level & !bit };
        }
    }

    /// The number of an entry and its deadline, while it waits.
    pub fn get(&self, entry: u32) -> Option<(u64, u64)> {
        let Entry { number, slot, index, .. } = *self.entries.get(entry as usize)?;
        let places = &self.slots.get(usize::from(slot))?.places;
        Some((number, places[index as usize].at))
    }

    /// The number of an entry, unless it is nobody's.
    pub fn number(&self, entry: u32) -> Option<u64> {
        let entry = self.entries.get(entry as usize)?;
        (entry.slot != FREE).then_some(entry.number)
    }

    /// Notes where its owner keeps what an entry had, which was due.
    pub fn note(&mut self, entry: u32, index: u32) {
        self.entries[entry as usize].index = index;
    }

    /// What was noted of an entry that was due.
    pub fn noted(&self, entry: u32) -> Option<u32> {
        let entry = self.entries.get(entry as usize)?;
        (entry.slot == FIRED).then_some(entry.index)
    }

    /// Out of its slot, if it is in one.
    #[inline]
    fn unlink(&mut self, entry: u32) {
        let Entry { slot: at, index, .. } = self.entries[entry as usize];
        let at = usize::from(at);
        let Some(slot) = self.slots.get_mut(at) else { return };
        slot.places.swap_remove(index as usize);
        if let Some(moved) = slot.places.get(index as usize) {
            self.entries[moved.entry as usize].index = index;
        } else if slot.places.is_empty() {
            slot.reset();
            self.mark(at, false);
        }
        self.entries[entry as usize].slot = FIRED;
        self.waiting -= 1;
    }

    /// Where `at` belongs, which is occupied from now on.
    #[inline]
    fn slot_of(&mut self, at: u64) -> usize {
        let tick = cmp::max(at >> TICK, self.elapsed);
        let differs = tick ^ self.elapsed;
        if differs >> (DIGIT * LEVELS as u32) != 0 {
            return BEYOND;
        }
        let level = (63 - (differs | 63).leading_zeros()) / DIGIT;
        let digit = (tick >> (level * DIGIT)) as usize % SLOTS;
        self.occupied[level as usize] |= 1 << digit;
        level as usize * SLOTS + digit
    }

    /// A place for `entry` in the slot of `at`: which slot, and where in it.
    #[inline]
    fn place(&mut self, at: u64, entry: u32) -> (u16, u32) {
        let to = self.slot_of(at);
        let slot = &mut self.slots[to];
        // No more places than entries, of which there are fewer than 2^32.
        let index = slot.places.len() as u32;
        slot.widen(at);
        slot.places.push(Place { at, entry });
        (to as u16, index)
    }

    /// Into the slot of `at`.
    #[inline]
    fn put(&mut self, at: u64, entry: u32) {
        let (slot, index) = self.place(at, entry);
        let held = &mut self.entries[entry as usize];
        (held.slot, held.index) = (slot, index);
    }

    /// The slot with the earliest deadline (invariant 2).
    #[inline]
    fn first(&self) -> Option<usize> {
        if self.waiting == 0 {
            return None;
        }
        let level = self.occupied.iter().position(|slots| *slots != 0);
        let in_level =
            |level: usize| level * SLOTS + self.occupied[level].trailing_zeros() as usize;
        Some(level.map_or(BEYOND, in_level))
    }

    /// No deadline is earlier, and mostly one is as early.
    pub fn earliest(&self) -> Option<u64> {
        self.first().map(|first| self.slots[first].earliest)
    }

    /// When to look for what is due: at the earliest deadline, or so much later that those which
    /// come shortly after it are due as well.
    pub fn next_look(&self) -> Option<u64> {
        let first = self.first()?;
        let Slot { earliest, latest, .. } = self.slots[first];
        if first >= SLOTS {
            return Some(earliest);
        }
        // Those of the lowest level that follow, and are occupied.
        let together = self.occupied[0] >> first & ((1 << TOGETHER) - 1);
        let last = first + (63 - together.leading_zeros()) as usize;
        Some(cmp::max(earliest, cmp::max(latest, self.slots[last].latest)))
    }

    /// The entry that is due first, or was created first of those.
    pub fn peek(&self) -> Option<Id> {
        let in_level = |level: usize| {
            let mut occupied = self.occupied[level];
            core::iter::from_fn(move || {
                let at = level * SLOTS + occupied.trailing_zeros() as usize;
                (occupied != 0).then(|| occupied &= occupied - 1).map(|()| at)
            })
        };
        let mut slots =
            (0..LEVELS).flat_map(in_level).chain([BEYOND]).filter_map(|at| self.slots.get(at));
        slots.find_map(|slot| {
            let alive = slot.places.iter().filter(|place| !self.is_dead(place.entry));
            let id = |place: &Place| {
                let number = self.entries[place.entry as usize].number;
                (place.at, Id { number, entry: place.entry })
            };
            alive.map(id).min_by_key(|(at, id)| (*at, id.number)).map(|(_, id)| id)
        })
    }

    /// Takes what is due at `now` out of the first slot that has any, in order of deadlines and,
    /// where these are equal, of creation; whether there was any.
    pub fn collect(&mut self, now: u64, due: &mut Vec<Due<T>>) -> bool {
        let before = due.len();
        while due.len() == before {
            match self.first() {
                Some(first) if self.slots[first].earliest <= now => self.empty(first, now, due),
                _ => return false,
            }
        }
        due[before..].sort_unstable_by_key(|due| (due.at, due.id.number));
        true
    }

    /// Takes what is due out of a slot, and puts the rest where it belongs now.
    fn empty(&mut self, at: usize, now: u64, due: &mut Vec<Due<T>>) {
        let level = at / SLOTS;
        let tick = now >> TICK;
        // Invariant 4: within the range of the slot, or nothing would keep what comes after it in
        // order. If `now` is past that range, all of the slot is due.
        let end = match at {
            BEYOND => tick,
            _ => {
                let low = DIGIT * level as u32;
                let base = self.elapsed >> (low + DIGIT) << (low + DIGIT);
                base + (((at % SLOTS) as u64 + 1) << low) - 1
            }
        };
        self.elapsed = cmp::max(self.elapsed, cmp::min(tick, end));
        self.mark(at, false);
        let mut places = mem::take(&mut self.slots[at].places);
        self.slots[at].reset();
        let mut kept = 0;
        for index in 0..places.len() {
            let place = places[index];
            if self.is_dead(place.entry) {
                self.bury(place.entry);
            } else if place.at <= now {
                let entry = &mut self.entries[place.entry as usize];
                entry.slot = FIRED;
                self.waiting -= 1;
                let item = entry.item.take();
                let id = Id { number: entry.number, entry: place.entry };
                due.push(Due { at: place.at, id, item });
            } else if level == 0 {
                places[kept] = place;
                self.entries[place.entry as usize].index = kept as u32;
                self.slots[at].widen(place.at);
                kept += 1;
            } else {
                self.put(place.at, place.entry);
            }
        }
        places.truncate(kept);
        if kept > 0 {
            self.mark(at, true);
        }
        let slot = &mut self.slots[at].places;
        if slot.is_empty() && (kept > 0 || places.capacity() <= KEPT) {
            *slot = places;
        }
    }
}

/// An index as an entry.
fn as_entry(index: usize) -> u32 {
    match u32::try_from(index) {
        Ok(entry) if entry != u32::MAX => entry,
        _ => panic!("more deadlines than a timer can keep"),
    }
}

// Here because the boundaries of slots and levels cannot be seen from outside.
#[cfg(test)]
mod tests;
