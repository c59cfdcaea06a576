//! The default timer: a thread that parks until the next deadline.
//!
//! Invariants:
//! 1. The thread is started by the first registration, and lives as long as the program.
//! 2. `started` is set only once the thread runs: whoever registers on its word is heard.

use core::task::Waker;
use std::{sync::OnceLock, thread, time::Instant};

use selvedge_sync::raw::shim::{
    Lock, Parker,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use super::{
    driver::{Driver, Time},
    timer::{Key, Timer, TimerError},
};

/// The one thread timer of the program.
#[derive(Debug)]
pub(super) struct ThreadTimer {
    driver: Driver<Machine>,
    /// Held while the thread is started.
    starting: Lock<()>,
    /// Whether the thread runs.
    started: AtomicBool,
}

/// The machine's time.
#[derive(Debug)]
struct Machine;

impl Time for Machine {
    #[inline]
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn park(&self, parker: &Parker, deadline: Option<Instant>) -> bool {
        parker.park_until(deadline);
        true
    }
}

/// The one thread timer of the program.
#[inline]
pub(super) fn host() -> &'static ThreadTimer {
    static TIMER: OnceLock<ThreadTimer> = OnceLock::new();
    TIMER.get_or_init(|| ThreadTimer {
        driver: Driver::new(Machine),
        starting: Lock::new(()),
        started: AtomicBool::new(false),
    })
}

impl ThreadTimer {
    /// Starts the thread, if nobody has.
    #[cold]
    fn start(&self) -> Result<(), TimerError> {
        // RACE: 1. A sets out to start the thread. 2. B sees that, and registers. 3. A fails, and
        //       says so to its own caller; B sleeps for ever. So B waits for what comes of it.
        self.starting.with(|()| {
            if self.started.load(Relaxed) {
                return Ok(());
            }
            let thread = thread::Builder::new().name("selvedge-timer".into());
            thread.spawn(|| host().driver.run()).map_err(|_| TimerError)?;
            self.started.store(true, Relaxed);
            Ok(())
        })
    }
}

impl Timer for ThreadTimer {
    #[inline]
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[inline]
    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        if !self.started.load(Relaxed) {
            self.start()?;
        }
        self.driver.register(at, waker)
    }

    fn update(&self, key: &mut Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
        self.driver.update(key, at, waker)
    }

    #[inline]
    fn cancel(&self, key: Key) {
        self.driver.cancel(key);
    }

    #[inline]
    fn has_forgotten(&self, at: Instant) -> bool {
        self.driver.has_forgotten(at)
    }
}
