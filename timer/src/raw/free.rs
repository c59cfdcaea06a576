//! Which entries of a table are free, lowest first.
//!
//! Entries in use stay close together, whatever the order in which they are given back. A list of
//! free ones hands them out in that order instead: after 1,000,000 sleeps were cancelled at random,
//! the next ones took 130 ns each to set, of which 100 went on waiting for memory.
//!
//! Three levels of bits: a bit of one says whether the 64 below it have any. The top level is gone
//! through from the start: it has a word for 262,144 entries. Entries are taken a word at a time,
//! and handed out one by one.

use alloc::vec::Vec;
use core::mem;

const LEVELS: usize = 3;
const BITS: usize = 64;

/// The free entries of a table.
#[derive(Debug)]
pub(super) struct Free {
    /// Those that are handed out next, of the 64 entries that share a word: they were the lowest
    /// when they were taken out of `levels`.
    next: u64,
    /// Which word that is.
    word: usize,
    levels: [Vec<u64>; LEVELS],
}

impl Free {
    /// None.
    pub(super) const fn new() -> Self {
        Self { next: 0, word: 0, levels: [const { Vec::new() }; LEVELS] }
    }

    /// Takes one of the lowest.
    #[inline]
    pub(super) fn take(&mut self) -> Option<u32> {
        if self.next == 0 && !self.refill() {
            return None;
        }
        let entry = self.word * BITS + self.next.trailing_zeros() as usize;
        self.next &= self.next - 1;
        // Entries are numbered by u32 (`add`).
        Some(entry as u32)
    }

    /// Takes the lowest word; whether there was any.
    #[inline(never)]
    fn refill(&mut self) -> bool {
        let [bits, words, blocks] = &mut self.levels;
        let Some(block) = blocks.iter().position(|block| *block != 0) else { return false };
        let word = block * BITS + blocks[block].trailing_zeros() as usize;
        self.word = word * BITS + words[word].trailing_zeros() as usize;
        self.next = mem::take(&mut bits[self.word]);
        words[word] &= words[word] - 1;
        if words[word] == 0 {
            blocks[block] &= blocks[block] - 1;
        }
        true
    }

    /// Adds one.
    #[inline]
    pub(super) fn add(&mut self, entry: u32) {
        self.add_word(entry as usize / BITS, 1 << (entry as usize % BITS));
    }

    /// Adds those of `bits`, of the 64 entries that share a word.
    #[inline]
    pub(super) fn add_word(&mut self, word: usize, bits: u64) {
        let (mut at, mut bits) = (word, bits);
        if bits == 0 {
            return;
        }
        for level in &mut self.levels {
            if at >= level.len() {
                level.resize(at + 1, 0);
            }
            let before = level[at];
            level[at] |= bits;
            if before != 0 {
                return;
            }
            (at, bits) = (at / BITS, 1 << (at % BITS));
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        *self = Self::new();
    }
}
