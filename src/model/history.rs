//! Whether what threads saw could have happened one after the other.

use core::{fmt, hash::Hash};
use std::{
    collections::HashSet,
    format,
    sync::{Mutex, PoisonError},
    vec,
    vec::Vec,
};

use selvedge_sync::raw::shim::atomic::{AtomicUsize, Ordering::AcqRel};

/// Records calls and returns, and looks for an order of the calls that explains them all: a check
/// of linearizability, by Wing and Gong's search with a memory of the dead ends.
///
/// Whatever returned before another call began also *happened before* it, in the sense of the
/// memory model: the history orders its calls. So use it for what operations answer, and models
/// without it for the orderings.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use selvedge::{model, sync::Semaphore};
///
/// model::check(|d| {
///     let looms = Arc::new(Semaphore::new(1));
///     // One permit: of two who try, in any order, the first gets it and the second does not.
///     let history = d.linearizable(1, |permits, ()| {
///         let is_there = *permits > 0;
///         *permits -= i32::from(is_there);
///         is_there
///     });
///     for name in ["one", "two"] {
///         let (looms, history) = (looms.clone(), history.clone());
///         d.thread(name, move || {
///             history.call((), || looms.try_acquire().map(|permit| permit.forget()).is_ok());
///         });
///     }
/// });
/// ```
#[derive(Debug)]
pub struct History<O, R> {
    time: AtomicUsize,
    calls: Mutex<Vec<Call<O, R>>>,
}

#[derive(Debug)]
struct Call<O, R> {
    operation: O,
    called: usize,
    returned: Option<(usize, R)>,
}

impl<O, R> Default for History<O, R> {
    fn default() -> Self {
        Self { time: AtomicUsize::new(0), calls: Mutex::new(Vec::new()) }
    }
}

impl<O: fmt::Debug, R: PartialEq + Clone + fmt::Debug> History<O, R> {
    /// Nothing has been called.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `f`, which performs `operation`, and records when it began and ended.
    pub fn call(&self, operation: O, f: impl FnOnce() -> R) -> R {
        let called = self.tick();
        let index = self.with(|calls| {
            calls.push(Call { operation, called, returned: None });
            calls.len() - 1
        });
        let result = f();
        let returned = self.tick();
        self.with(|calls| calls[index].returned = Some((returned, result.clone())));
        result
    }

    /// Holds the history against `step`, which performs an operation on a sequential model.
    ///
    /// # Panics
    ///
    /// If no order of the calls explains what they returned, with the history.
    #[track_caller]
    pub fn assert_linearizable<S: Clone + Eq + Hash>(
        &self,
        start: S,
        step: impl Fn(&mut S, &O) -> R,
    ) {
        let explained = self.with(|calls| {
            let mut done = vec![false; calls.len()];
            search(calls, &mut done, &start, &step, &mut HashSet::new())
                .then_some(())
                .ok_or_else(|| format!("{calls:#?}"))
        });
        if let Err(history) = explained {
            panic!("no order of the calls explains what they returned: {history}");
        }
    }

    fn tick(&self) -> usize {
        // ORDERING: AcqRel makes what returned earlier happen before what is called later.
        self.time.fetch_add(1, AcqRel)
    }

    /// The lock is held between two steps of a model only, so it needs nothing of loom.
    fn with<T>(&self, f: impl FnOnce(&mut Vec<Call<O, R>>) -> T) -> T {
        f(&mut self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn search<S: Clone + Eq + Hash, O, R: PartialEq>(
    calls: &[Call<O, R>],
    done: &mut Vec<bool>,
    state: &S,
    step: &impl Fn(&mut S, &O) -> R,
    dead: &mut HashSet<(Vec<bool>, S)>,
) -> bool {
    let open = calls.iter().zip(&*done).filter(|(_, done)| !**done);
    // Only what was called before the first of the others returned can have come first.
    let Some(first) =
        open.map(|(call, _)| call.returned.as_ref().map_or(usize::MAX, |(at, _)| *at)).min()
    else {
        return true;
    };
    if !dead.insert((done.clone(), state.clone())) {
        return false;
    }
    for (index, call) in calls.iter().enumerate() {
        if done[index] || call.called > first {
            continue;
        }
        let mut next = state.clone();
        let result = step(&mut next, &call.operation);
        if call.returned.as_ref().is_none_or(|(_, returned)| *returned == result) {
            done[index] = true;
            if search(calls, done, &next, step, dead) {
                return true;
            }
            done[index] = false;
        }
    }
    false
}
