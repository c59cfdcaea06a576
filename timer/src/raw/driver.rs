//! Alarms that a thread of their own wakes.

use alloc::vec::Vec;
use core::task::Waker;
use std::time::Instant;

use selvedge_sync::raw::shim::Parker;

use super::{
    alarms::Alarms,
    timer::{Key, Timer, TimerError},
};

/// The time that a driver goes by: the machine's, or a model's.
pub trait Time {
    /// What time it is.
    fn now(&self) -> Instant;

    /// Sleeps until `deadline`, or until woken; whether there is more to do.
    fn park(&self, parker: &Parker, deadline: Option<Instant>) -> bool;
}

/// Alarms, and the loop that wakes them.
#[derive(Debug)]
pub struct Driver<C> {
    alarms: Alarms,
    time: C,
}

impl<C: Time> Driver<C> {
    /// Nothing to wake yet.
    pub fn new(time: C) -> Self {
        Self { alarms: Alarms::new(time.now()), time }
    }

    /// The time that it goes by.
    pub fn time(&self) -> &C {
        &self.time
    }

    /// How many deadlines it waits for.
    pub fn waiting(&self) -> usize {
        self.alarms.waiting()
    }

    /// What its thread does, for as long as there is more to do.
    pub fn run(&self) {
        let parker = Parker::new();
        let mut due = Vec::new();
        loop {
            let mut waker = Some(parker.waker());
            let next = self.alarms.collect(self.time.now(), &mut waker, &mut due);
            drop(waker);
            if due.is_empty() && !self.time.park(&parker, next) {
                return;
            }
            due.drain(..).filter_map(|alarm| alarm.item).for_each(wake);
        }
    }
}

/// A waker that panics is its task's trouble, and not that of all later alarms.
#[cfg(not(selvedge_loom))]
pub(crate) fn wake(waker: Waker) {
    let _ = std::panic::catch_unwind(core::panic::AssertUnwindSafe(|| waker.wake()));
}

/// A panic ends the model.
#[cfg(selvedge_loom)]
pub(crate) fn wake(waker: Waker) {
    waker.wake();
}

impl<C: Time> Timer for Driver<C> {
    #[inline]
    fn now(&self) -> Instant {
        self.time.now()
    }

    #[inline]
    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        self.alarms.register(at, waker, || self.time.now())
    }

    fn update(&self, key: &mut Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
        self.alarms.update(key, at, waker)
    }

    #[inline]
    fn cancel(&self, key: Key) {
        self.alarms.cancel(&key);
    }

    #[inline]
    fn has_forgotten(&self, at: Instant) -> bool {
        self.alarms.is_over(at)
    }
}
