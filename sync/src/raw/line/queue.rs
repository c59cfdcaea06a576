//! The line itself, and what can be done to those in it.

use super::Answer;
use crate::raw::{
    list::{List, State},
    shim::{Brief, const_in_build},
    wakers::{Wake, WakeList},
};

/// The line in front of a primitive.
///
/// Whoever waits takes the lock once or twice, and holds it for a few instructions; a lock that
/// parks would be a tenth of what waiting costs.
#[derive(Debug)]
pub struct Line<V>(Brief<Queue<V>>);

/// The line, while its lock is held.
#[derive(Debug)]
pub struct Queue<V>(pub(super) List<V>);

impl<V: Copy> Line<V> {
    const_in_build! {
        /// An empty line.
        #[expect(clippy::new_without_default, reason = "made by a primitive, in a const")]
        pub fn new() -> Self {
            Self(Brief::new(Queue(List::new())))
        }
    }

    /// Runs `f` with the line locked. No waker is touched in it.
    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn with<R>(&self, f: impl FnOnce(&mut Queue<V>) -> R) -> R {
        self.0.with(f)
    }
}

impl<V: Copy> Queue<V> {
    /// Whether nobody waits.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether somebody waits behind the head.
    #[inline]
    pub fn has_second(&self) -> bool {
        self.0.has_second()
    }

    /// How many wait, by counting.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What the head asks for.
    #[inline]
    pub fn first(&self) -> Option<V> {
        self.0.first()
    }

    /// Grants the head its turn, of the size `ask`. Wake it once the line is unlocked.
    #[inline]
    pub fn grant(&mut self, ask: V) -> Wake {
        self.0.set_first(ask);
        self.0.pop_front(State::Granted)
    }

    /// Whether the head has been called and has not looked yet.
    #[inline]
    pub fn is_called(&self) -> bool {
        self.0.is_called()
    }

    /// Calls those at the front of whom `goes` says so, up to the first of whom it does not: each
    /// keeps its place. Whether there are more than `wakes` has room for.
    pub fn call_while(&mut self, goes: impl FnMut(V) -> bool, wakes: &mut WakeList) -> bool {
        self.0.call_while(goes, wakes)
    }

    /// Grants the tail its turn, of the size `ask`. Wake it once the line is unlocked.
    #[inline]
    pub fn grant_last(&mut self, ask: V) -> Wake {
        self.0.set_last(ask);
        self.0.pop_back(State::Granted)
    }

    /// Grants the head, and those behind it, what they ask for, as long as it is `due`. Whether
    /// there are more than `wakes` has room for.
    #[inline]
    pub fn grant_while(&mut self, wakes: &mut WakeList, due: impl Fn(V) -> bool) -> bool {
        self.0.pop_while(wakes, |ask| due(ask).then_some(State::Granted))
    }

    /// Grants or refuses the head, and those behind it, until the `answer` to one is to wait. Whether
    /// there are more than `wakes` has room for.
    #[inline]
    pub fn answer_while(&mut self, wakes: &mut WakeList, answer: impl Fn(V) -> Answer<()>) -> bool {
        self.0.pop_while(wakes, |ask| match answer(ask) {
            Answer::Granted(()) => Some(State::Granted),
            Answer::Refused => Some(State::Refused),
            Answer::Wait => None,
        })
    }

    /// Changes what each in line asks for, or is to get, from the head on.
    pub fn for_each(&self, f: impl FnMut(&mut V)) {
        self.0.for_each(f);
    }

    /// Sends the head away: there will be no turn. Wake it once the line is unlocked.
    #[inline]
    pub fn refuse(&mut self) -> Wake {
        self.0.pop_front(State::Refused)
    }

    /// Calls the head to try its luck; it keeps its place. Wake it once the line is unlocked.
    #[inline]
    pub fn call(&mut self) -> Wake {
        self.0.call_front()
    }
}
