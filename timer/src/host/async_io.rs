//! async-io's timer.

use core::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
};
use std::{panic, sync::OnceLock, time::Instant};

use crate::{
    Key, Timer, TimerError, never,
    raw::{
        hosted::{Drive, Handle, Hosted, Runtime},
        inline::Inline,
    },
};

/// Time by async-io, which smol and its like run on: what sleeps by it is woken by async-io's
/// reactor, and no other thread is started for it.
///
/// The tasks that sleep by it may run anywhere. There is one reactor in a program, so all of these
/// timers are the same. The reactor is asked for one timer until the earliest deadline, so all
/// others cost what they cost on any timer of this crate.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_timer::{AsyncIoTimer, Timer, sleep, sleep_on};
///
/// let milli = Duration::from_millis(1);
/// async_io::block_on(sleep_on(AsyncIoTimer, milli));
///
/// // Those on this thread who name no timer.
/// let _entered = AsyncIoTimer.enter();
/// async_io::block_on(sleep(milli));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct AsyncIoTimer;

#[derive(Debug)]
struct Reactor;

impl Runtime for Reactor {
    type Sleep = async_io::Timer;

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep_until(&self, at: Instant) -> Self::Sleep {
        async_io::Timer::at(at)
    }

    fn drive(&self, driver: Drive<Self>) {
        // async-io panics if its thread cannot be started, and has no other way to tell. The driver
        // is dropped then, and the timer has stopped.
        let probe = panic::catch_unwind(|| {
            let cx = &mut Context::from_waker(Waker::noop());
            let _ = pin!(async_io::Timer::at(never())).poll(cx);
        });
        if probe.is_ok() {
            Inline::start(driver);
        }
    }
}

fn host() -> &'static Handle<Reactor> {
    static HOST: OnceLock<Handle<Reactor>> = OnceLock::new();
    HOST.get_or_init(|| Handle(Hosted::new(Reactor)))
}

impl AsyncIoTimer {
    /// How many deadlines are registered and have not come, in the whole program.
    #[must_use]
    pub fn waiting(&self) -> usize {
        host().0.waiting()
    }
}

impl Timer for AsyncIoTimer {
    #[inline]
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[inline]
    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        host().register(at, waker)
    }

    fn update(&self, key: &mut Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
        host().update(key, at, waker)
    }

    #[inline]
    fn cancel(&self, key: Key) {
        host().cancel(key);
    }

    #[inline]
    fn has_forgotten(&self, at: Instant) -> bool {
        host().has_forgotten(at)
    }

    fn has_stopped(&self) -> bool {
        host().has_stopped()
    }
}
