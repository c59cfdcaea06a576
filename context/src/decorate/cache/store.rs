//! A small store that knows its bounds.
//!
//! # State
//!
//! Slots in a circle, found by the hashes of their keys, and a hand. A slot that was looked at is
//! marked; the hand takes marks away as it goes, and stops at the first slot without one when room is
//! needed (a clock, or second chance).
//!
//! ```text
//!   hash ──► number of a slot        slots: [ entry ][ entry* ][ entry ]…   * looked at
//!                                                      ▲ hand
//! ```
//!
//! Where there is room for many, it is in parts, each with a lock of its own, and a hash belongs to one.
//!
//! There is one slot a hash, and keys are compared, cloned and dropped outside of the lock: that is other
//! people's code. Of two keys with one hash the later one is kept, as of two values of one key.

use alloc::{sync::Arc, vec::Vec};
use core::{
    fmt,
    hash::{BuildHasher, Hash},
    mem,
};

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use selvedge_sync::raw::shim::{Brief, const_in_build, mutant};

use super::Store;

/// A [`Store`] of a fixed number of entries: those that were asked for lately stay, one of the others
/// makes room.
///
/// Its bound is never passed. From 256 entries on the room is in eight parts, so that threads seldom wait
/// for each other, and a key belongs to one of them: then one of a part's entries may have to make room
/// while there is some left in another.
///
/// # Hashing
///
/// The default hasher is quick and fixed, which makes `new` a `const`. Where keys come from
/// somebody who means harm, take [`with_hasher`](Self::with_hasher).
///
/// # Examples
///
/// ```
/// use selvedge_context::decorate::{Recent, Store};
///
/// let words = Recent::new(2);
/// words.put("warp", 4);
/// words.put("weft", 4);
/// assert_eq!(words.get(&"warp"), Some(4));
/// // There is room for two: the one that nobody asked for goes.
/// words.put("selvedge", 8);
/// assert_eq!((words.get(&"warp"), words.get(&"weft")), (Some(4), None));
/// ```
#[doc(alias = "lru")]
pub struct Recent<K, V, S = FixedState> {
    parts: [Part<K, V>; PARTS],
    capacity: usize,
    hasher: S,
}

/// How many parts there are where there is room for many.
const PARTS: usize = if cfg!(selvedge_loom) { 1 } else { 8 };
/// From so many entries on the room is in parts: each has enough to tell what is asked for.
const PARTED: usize = 256;

/// On a cache line of its own.
#[repr(align(64))]
struct Part<K, V>(Brief<Slots<K, V>>);

impl<K, V> Part<K, V> {
    const_in_build! {
        fn new() -> Self {
            Self(Brief::new(Slots { numbers: HashTable::new(), slots: Vec::new(), hand: 0 }))
        }
    }
}

struct Slots<K, V> {
    /// By the hashes of keys, which are the table's keys: it calls no code of a user's.
    numbers: HashTable<(u64, usize)>,
    slots: Vec<Slot<K, V>>,
    hand: usize,
}

struct Slot<K, V> {
    hash: u64,
    looked_at: bool,
    entry: Arc<(K, V)>,
}

impl<K, V> Slots<K, V> {
    fn find(&self, hash: u64) -> Option<usize> {
        self.numbers.find(hash, |(known, _)| *known == hash).map(|(_, at)| *at)
    }

    fn number(&mut self, hash: u64, at: usize) {
        self.numbers.insert_unique(hash, (hash, at), |(known, _)| *known);
    }

    /// Forgets the number of a slot.
    fn unnumber(&mut self, hash: u64) {
        if let Ok(place) = self.numbers.find_entry(hash, |(known, _)| *known == hash) {
            place.remove();
        }
    }

    /// Puts an entry in, and hands out the one that had to go.
    fn put(&mut self, hash: u64, entry: Arc<(K, V)>, capacity: usize) -> Option<Arc<(K, V)>> {
        if let Some(at) = self.find(hash) {
            return Some(mem::replace(&mut self.slots[at].entry, entry));
        }
        let slot = Slot { hash, looked_at: false, entry };
        if self.slots.len() < capacity {
            self.number(hash, self.slots.len());
            self.slots.push(slot);
            return None;
        }
        let at = self.make_room();
        let old = mem::replace(&mut self.slots[at], slot);
        self.unnumber(old.hash);
        self.number(hash, at);
        Some(old.entry)
    }

    /// The slot whose entry goes; the hand is behind it.
    fn make_room(&mut self) -> usize {
        loop {
            let at = self.hand;
            self.hand = (at + 1) % self.slots.len();
            if !mem::take(&mut self.slots[at].looked_at) {
                return at;
            }
        }
    }

    /// Takes an entry out.
    fn take_out(&mut self, hash: u64) -> Option<Arc<(K, V)>> {
        let at = self.find(hash)?;
        self.unnumber(hash);
        let old = self.slots.swap_remove(at);
        if let Some(moved) = self.slots.get(at) {
            let hash = moved.hash;
            self.unnumber(hash);
            self.number(hash, at);
        }
        if self.hand >= self.slots.len() {
            self.hand = 0;
        }
        Some(old.entry)
    }
}

impl<K, V> Recent<K, V> {
    const_in_build! {
        /// Room for so many entries.
        ///
        /// # Panics
        ///
        /// If there is room for none.
        #[must_use]
        pub fn new(capacity: usize) -> Self {
            Self::with_hasher(capacity, FixedState::with_seed(0))
        }
    }
}

impl<K, V, S> Recent<K, V, S> {
    const_in_build! {
        /// As [`new`](Self::new), with keys that are hashed by `hasher`.
        ///
        /// # Panics
        ///
        /// If there is room for none.
        #[must_use]
        pub fn with_hasher(capacity: usize, hasher: S) -> Self {
            assert!(capacity > 0, "a store without room keeps nothing");
            #[cfg(selvedge_loom)]
            let parts = [Part::new()];
            #[cfg(not(selvedge_loom))]
            let parts = [const { Part::new() }; PARTS];
            Self { parts, capacity, hasher }
        }
    }

    /// Those that are used.
    #[inline]
    fn parts(&self) -> &[Part<K, V>] {
        if self.capacity < PARTED { &self.parts[..1] } else { &self.parts }
    }

    /// Where a hash belongs, and how much room there is. The table goes by its lowest bits and its
    /// highest.
    #[inline]
    fn part(&self, hash: u64) -> (&Brief<Slots<K, V>>, usize) {
        let parts = self.parts();
        let at = (hash >> 48) as usize % parts.len();
        // What is left over is for the first of them.
        let more = usize::from(at < self.capacity % parts.len());
        (&parts[at].0, self.capacity / parts.len() + more)
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parts().iter().map(|Part(slots)| slots.with(|slots| slots.slots.len())).sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets everything.
    pub fn clear(&self) {
        for Part(slots) in self.parts() {
            let old = slots.with(|slots| {
                slots.numbers.clear();
                slots.hand = 0;
                mem::take(&mut slots.slots)
            });
            // Keys and values are dropped here.
            drop(old);
        }
    }
}

impl<K: Hash + Eq, V: Clone, S: BuildHasher> Store<K, V> for Recent<K, V, S> {
    fn get(&self, key: &K) -> Option<V> {
        let hash = self.hasher.hash_one(key);
        let (slots, _) = self.part(hash);
        let entry = slots.with(|slots| {
            let at = slots.find(hash)?;
            slots.slots[at].looked_at = true;
            Some(Arc::clone(&slots.slots[at].entry))
        })?;
        (entry.0 == *key).then(|| entry.1.clone())
    }

    fn put(&self, key: K, value: V) {
        let hash = self.hasher.hash_one(&key);
        let entry = Arc::new((key, value));
        let (slots, mut room) = self.part(hash);
        if mutant!("room is looked for before the lock") && self.len() < room {
            room = usize::MAX;
        }
        let old = slots.with(|slots| slots.put(hash, entry, room));
        // A key and a value are dropped here.
        drop(old);
    }

    fn remove(&self, key: &K) {
        let hash = self.hasher.hash_one(key);
        let (slots, _) = self.part(hash);
        let old = slots.with(|slots| slots.take_out(hash));
        // A key and a value are dropped here: those of another key with this hash, if there is one.
        drop(old);
    }
}

impl<K, V, S> fmt::Debug for Recent<K, V, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, capacity) = (self.len(), self.capacity);
        f.debug_struct("Recent").field("len", &len).field("capacity", &capacity).finish()
    }
}
