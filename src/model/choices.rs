//! What a design chooses: numbers, and where its cancellable tasks are cut.

use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{
    collections::BTreeSet,
    string::{String, ToString},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    vec::Vec,
};

use super::design::Cut;

/// How many await points of a cancellable task are explored at most.
const CUTS: usize = 4;

/// The choices of one run: each is taken up in every way, the last one first.
///
/// They are made while a design is put together, so they need nothing of loom: all schedules of one
/// set of choices are explored, then those of the next.
#[derive(Clone, Default)]
pub(super) struct Choices(Arc<Mutex<Digits>>);

#[derive(Default)]
struct Digits {
    taken: Vec<Choice>,
    next: usize,
    outcomes: Arc<Mutex<BTreeSet<String>>>,
}

struct Choice {
    is: usize,
    of: usize,
    /// For a cancellable task: how many await points it has reached.
    reached: Option<Arc<AtomicUsize>>,
}

impl Choices {
    fn digits(&self) -> MutexGuard<'_, Digits> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn outcomes(&self) -> Arc<Mutex<BTreeSet<String>>> {
        self.digits().outcomes.clone()
    }

    /// What [`outcomes`](Self::outcomes) was told.
    pub(super) fn told(&self) -> BTreeSet<String> {
        self.outcomes().lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn choose(&self, of: usize) -> usize {
        self.take(of, false).0
    }

    pub(super) fn cut(&self) -> Cut {
        let (is, reached) = self.take(1, true);
        Cut { at: is.checked_sub(1).map(|at| at + 1), reached: reached.expect("asked for it") }
    }

    fn take(&self, of: usize, cut: bool) -> (usize, Option<Arc<AtomicUsize>>) {
        let mut digits = self.digits();
        let next = digits.next;
        digits.next += 1;
        if next == digits.taken.len() {
            digits.taken.push(Choice { is: 0, of, reached: cut.then(Arc::default) });
        }
        let choice = &mut digits.taken[next];
        if cut {
            choice.reached.get_or_insert_default();
        }
        (choice.is, choice.reached.clone())
    }

    /// The choices taken, to be [`set`](Self::set) again.
    pub(super) fn get(&self) -> String {
        let digits = self.digits();
        let taken = digits.taken.iter().map(|choice| choice.is.to_string());
        taken.collect::<Vec<_>>().join(" ")
    }

    /// Takes these choices, as [`get`](Self::get) wrote them.
    pub(super) fn set(&self, taken: &str) {
        let numbers = taken.split(' ').filter_map(|number| number.parse().ok());
        self.digits().taken = numbers.map(|is| Choice { is, of: 0, reached: None }).collect();
    }

    pub(super) fn rewind(&self) {
        self.digits().next = 0;
    }

    /// Goes to the next set of choices; whether there is one.
    pub(super) fn advance(&self) -> bool {
        let mut digits = self.digits();
        while let Some(last) = digits.taken.last_mut() {
            let of = match &last.reached {
                Some(reached) => 1 + reached.load(Relaxed).min(CUTS),
                None => last.of,
            };
            last.is += 1;
            if last.is < of {
                return true;
            }
            digits.taken.pop();
        }
        false
    }
}
