//! Places of entries that were removed: left behind, and swept away together.

use core::mem;

use super::{BEYOND, LEVELS, SLOTS, Wheel};

impl<T> Wheel<T> {
    /// Whether an entry that has a place is dead.
    #[inline]
    pub(super) fn is_dead(&self, entry: u32) -> bool {
        self.dead[entry as usize / 64] & 1 << (entry % 64) != 0
    }

    /// The place of a dead entry is gone.
    #[inline]
    pub(super) fn bury(&mut self, entry: u32) {
        self.dead[entry as usize / 64] &= !(1 << (entry % 64));
        self.dead_count -= 1;
        self.free.add(entry);
    }

    /// Takes every dead place away.
    #[cold]
    pub(super) fn sweep(&mut self) {
        for level in 0..LEVELS {
            let mut occupied = self.occupied[level];
            while occupied != 0 {
                self.sweep_slot(level * SLOTS + occupied.trailing_zeros() as usize);
                occupied &= occupied - 1;
            }
        }
        if !self.slots.is_empty() {
            self.sweep_slot(BEYOND);
        }
        for (word, dead) in self.dead.iter_mut().enumerate() {
            self.free.add_word(word, mem::take(dead));
        }
        self.dead_count = 0;
    }

    /// Fills the dead places of a slot from its end.
    fn sweep_slot(&mut self, at: usize) {
        let mut places = mem::take(&mut self.slots[at].places);
        self.slots[at].reset();
        let (mut kept, mut end) = (0, places.len());
        while kept < end {
            let mut place = places[kept];
            if self.is_dead(place.entry) {
                end -= 1;
                place = places[end];
                if kept == end || self.is_dead(place.entry) {
                    continue;
                }
                places[kept] = place;
                self.entries[place.entry as usize].index = kept as u32;
            }
            self.slots[at].widen(place.at);
            kept += 1;
        }
        places.truncate(kept);
        self.slots[at].places = places;
        self.mark(at, kept > 0);
    }
}
