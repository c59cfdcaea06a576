//! The default timer: a thread that parks until the next deadline.
//!
//! Invariants:
//! 1. The thread is started by the first registration, and lives as long as the program.
//! 2. Whoever registers a deadline that becomes the earliest wakes the thread, after the lock.
//! 3. `started` is set only once the thread runs: whoever registers on its word is heard.
//! 4. Wakers are cloned before the lock is taken, and woken or dropped after it.

use alloc::{collections::BTreeMap, sync::Arc, vec::Vec};
use core::{
    fmt, mem,
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    task::Waker,
};
use std::{panic::catch_unwind, sync::OnceLock, thread, time::Instant};

use selvedge_sync::raw::shim::{Lock, Parker};

use super::timer::{Key, Shared, Timer, TimerError};

#[derive(Debug)]
struct ThreadTimer {
    state: Lock<State>,
    /// Held while the thread is started.
    starting: Lock<()>,
    /// Whether the thread runs.
    started: AtomicBool,
}

struct State {
    next_number: u64,
    deadlines: BTreeMap<(Instant, u64), Waker>,
    /// Wakes the thread, once it runs.
    driver: Option<Waker>,
}

static TIMER: OnceLock<Arc<ThreadTimer>> = OnceLock::new();

/// The one thread timer of the program.
pub(super) fn shared() -> Shared {
    timer().clone()
}

fn timer() -> &'static Arc<ThreadTimer> {
    TIMER.get_or_init(|| {
        let (next_number, deadlines) = (0, BTreeMap::new());
        let state = State { next_number, deadlines, driver: None };
        Arc::new(ThreadTimer {
            state: Lock::new(state),
            starting: Lock::new(()),
            started: AtomicBool::new(false),
        })
    })
}

impl ThreadTimer {
    /// Starts the thread, if nobody has.
    fn start(&self) -> Result<(), TimerError> {
        if self.started.load(Relaxed) {
            return Ok(());
        }
        // RACE: 1. A sets out to start the thread. 2. B sees that, and registers. 3. A fails, and
        //       says so to its own caller; B sleeps for ever. So B waits for what comes of it.
        self.starting.with(|()| {
            if self.started.load(Relaxed) {
                return Ok(());
            }
            let thread = thread::Builder::new().name("selvedge-timer".into());
            thread.spawn(|| timer().run()).map_err(|_| TimerError)?;
            self.started.store(true, Relaxed);
            Ok(())
        })
    }

    /// What the thread does.
    fn run(&self) {
        let parker = Parker::new();
        let mut due = Vec::new();
        loop {
            // RACE: 1. The thread looks for the earliest deadline. 2. A registers an earlier one.
            //       3. The thread parks until the later one. So it leaves its waker before it
            //       looks, and a wake-up that came in between ends the park at once.
            let mut waker = Some(parker.waker());
            let next = self.state.with(|state| {
                mem::swap(&mut state.driver, &mut waker);
                let now = Instant::now();
                while let Some(first) = state.deadlines.first_entry() {
                    if first.key().0 > now {
                        break;
                    }
                    due.push(first.remove());
                }
                state.deadlines.first_key_value().map(|((at, _), _)| *at)
            });
            drop(waker);
            if due.is_empty() {
                parker.park_until(next);
            }
            for waker in due.drain(..) {
                // A waker that panics is its task's trouble, and not that of all later timers.
                let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
            }
        }
    }
}

impl Timer for ThreadTimer {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        self.start()?;
        let waker = waker.clone();
        let (key, driver) = self.state.with(|state| {
            let number = state.next_number;
            state.next_number += 1;
            let is_first =
                state.deadlines.first_key_value().is_none_or(|((first, _), _)| at < *first);
            state.deadlines.insert((at, number), waker);
            (Key { at, number }, if is_first { state.driver.take() } else { None })
        });
        if let Some(driver) = driver {
            driver.wake();
        }
        Ok(key)
    }

    fn update(&self, key: &mut Key, at: Instant, waker: &Waker) -> Result<(), TimerError> {
        if at == key.at {
            let fresh = waker.clone();
            let (old, spare) =
                self.state.with(|state| match state.deadlines.get_mut(&(key.at, key.number)) {
                    Some(held) => (Some(mem::replace(held, fresh)), None),
                    None => (None, Some(fresh)),
                });
            drop(spare);
            if old.is_some() {
                return Ok(());
            }
        }
        let fresh = self.register(at, waker)?;
        self.cancel(mem::replace(key, fresh));
        Ok(())
    }

    fn cancel(&self, key: Key) {
        drop(self.state.with(|state| state.deadlines.remove(&(key.at, key.number))));
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("pending", &self.deadlines.len()).finish_non_exhaustive()
    }
}
