//! What a design chooses, by chance: where not every way is taken.

use std::{
    collections::BTreeSet,
    string::String,
    sync::{Arc, Mutex, PoisonError},
};

use super::design::Cut;

/// Choices by a seeded generator (xorshift64*).
#[derive(Clone)]
pub(super) struct Choices {
    state: Arc<Mutex<u64>>,
    outcomes: Arc<Mutex<BTreeSet<String>>>,
}

impl Choices {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: Arc::new(Mutex::new(seed | 1)), outcomes: Arc::default() }
    }

    pub(super) fn outcomes(&self) -> Arc<Mutex<BTreeSet<String>>> {
        self.outcomes.clone()
    }

    /// What [`outcomes`](Self::outcomes) was told.
    pub(super) fn told(&self) -> BTreeSet<String> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn choose(&self, of: usize) -> usize {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        let high = state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high % of as u64).expect("below a usize")
    }

    pub(super) fn cut(&self) -> Cut {
        let at = self.choose(4);
        Cut { at: (at > 0).then_some(at), reached: Arc::default() }
    }
}
