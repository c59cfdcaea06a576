//! A design's clock as a timer, for what takes its time from one.

use core::task::Waker;
use std::time::{Duration, Instant};

use selvedge_timer::{Key, Timer, TimerError, never};

use super::{Clock, NEVER};

impl Clock {
    /// The tick at which `at` has come.
    fn tick(&self, at: Instant) -> u64 {
        if at >= never() {
            return NEVER;
        }
        let micros = at.saturating_duration_since(self.zero).as_micros();
        u64::try_from(micros.div_ceil(1000)).unwrap_or(NEVER)
    }

    /// Sets an alarm, and wakes whom it has to.
    fn set(&self, key: u64, at: u64, waker: Waker) -> bool {
        let (passed, wake) = self.state.with(|state| {
            if at <= state.now {
                return (true, Some(waker));
            }
            state.alarms.insert(key, at);
            state.timers.insert((at, key), waker);
            (false, state.driver.take())
        });
        if let Some(waker) = wake {
            waker.wake();
        }
        passed
    }

    fn unset(&self, key: u64) -> Option<Waker> {
        self.state.with(|state| {
            let at = state.alarms.remove(&key)?;
            state.timers.remove(&(at, key))
        })
    }
}

/// A tick is a millisecond. Take it by `sleep_on(clock.clone(), …)` and the like, or
/// [enter](Timer::enter) it in each task.
impl Timer for Clock {
    fn now(&self) -> Instant {
        self.zero + Duration::from_millis(Clock::now(self))
    }

    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        let (at, waker) = (self.tick(at), waker.clone());
        let key = self.state.with(|state| {
            state.next_key += 1;
            state.next_key
        });
        Ok(if self.set(key, at, waker) { Key::passed(key) } else { Key::new(key) })
    }

    fn update(&self, key: &mut Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
        let fresh = waker.cloned();
        let before = self.unset(key.number());
        let (waker, spare) = if fresh.is_some() { (fresh, before) } else { (before, None) };
        if let Some(waker) = waker {
            self.set(key.number(), self.tick(at), waker);
        }
        drop(spare);
        Ok(())
    }

    fn cancel(&self, key: Key) {
        drop(self.unset(key.number()));
    }
}
