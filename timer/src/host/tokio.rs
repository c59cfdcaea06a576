//! tokio's timer.

use alloc::sync::Arc;
use core::{fmt, task::Waker};
use std::{panic, time::Instant};

use tokio::runtime::Handle as Tokio;

use crate::{
    Key, Timer, TimerError, never,
    raw::hosted::{Drive, Handle, Hosted, Runtime},
};

/// Time by a tokio runtime: what sleeps by it is woken by that runtime's own timer, and no thread
/// is started for it.
///
/// The tasks that sleep by it may run anywhere. Deadlines are as fine as tokio's, a millisecond, and
/// time is the runtime's: it stands still and jumps where `tokio::time::pause` makes it. A task of
/// the runtime, started by the first sleep, asks tokio for one sleep until the earliest deadline, so
/// all others cost what they cost on any timer of this crate.
///
/// When the runtime is shut down, all who sleep by the timer are woken, and their sleeps panic, as
/// those do that come later: there is no more time. A runtime of one thread wakes only while it is
/// in its `block_on`, as with tokio's own sleeps.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_timer::{Elapsed, Timer, TokioTimer, sleep, sleep_on, timeout_on};
///
/// assert!(TokioTimer::current().is_err(), "there is no runtime here");
///
/// let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
/// let timer = TokioTimer::new(runtime.handle().clone())?;
/// let milli = Duration::from_millis(1);
///
/// // Tasks of the runtime, and others.
/// let task = runtime.spawn(timeout_on(timer.clone(), milli, std::future::pending::<()>()));
/// pollster::block_on(sleep_on(&timer, milli));
/// assert_eq!(pollster::block_on(task).unwrap(), Err(Elapsed));
///
/// // Those on this thread who name no timer.
/// let _entered = timer.enter();
/// pollster::block_on(sleep(milli));
/// # Ok::<(), selvedge_timer::TimerError>(())
/// ```
#[derive(Clone)]
pub struct TokioTimer(Handle<OnTokio>);

#[derive(Debug)]
struct OnTokio(Tokio);

impl Runtime for OnTokio {
    type Sleep = tokio::time::Sleep;

    fn now(&self) -> Instant {
        // tokio's time may be one that was paused: it is asked for where it is known.
        let _entered = self.0.enter();
        tokio::time::Instant::now().into_std()
    }

    fn sleep_until(&self, at: Instant) -> Self::Sleep {
        tokio::time::sleep_until(at.into())
    }

    fn drive(&self, driver: Drive<Self>) {
        // If it has been shut down, that drops the driver.
        drop(self.0.spawn(driver));
    }
}

impl TokioTimer {
    /// The timer of the runtime in which this is called.
    ///
    /// # Errors
    ///
    /// Outside of a runtime, or as [`new`](Self::new).
    pub fn current() -> Result<Self, TimerError> {
        Self::new(Tokio::try_current().map_err(|_| TimerError)?)
    }

    /// The timer of a runtime.
    ///
    /// # Errors
    ///
    /// If the runtime was built without `enable_time`.
    pub fn new(runtime: Tokio) -> Result<Self, TimerError> {
        // tokio has no other way to tell.
        let probe = panic::catch_unwind(|| {
            let _entered = runtime.enter();
            drop(tokio::time::sleep_until(never().into()));
        });
        probe.map_err(|_| TimerError)?;
        Ok(Self(Handle(Hosted::new(OnTokio(runtime)))))
    }

    /// How many deadlines are registered and have not come.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.0.waiting()
    }

    /// The runtime.
    #[must_use]
    pub fn handle(&self) -> &Tokio {
        &self.0.0.runtime().0
    }

    /// Whether this is the same timer.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_timer::TokioTimer;
    ///
    /// let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    /// let timer = TokioTimer::new(runtime.handle().clone())?;
    /// // Clones share a queue, and a task that waits for it; one that is made anew has its own.
    /// assert!(timer.is_same(&timer.clone()));
    /// assert!(!timer.is_same(&TokioTimer::new(runtime.handle().clone())?));
    /// # Ok::<(), selvedge_timer::TimerError>(())
    /// ```
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.0, &other.0.0)
    }
}

impl Timer for TokioTimer {
    fn now(&self) -> Instant {
        self.0.now()
    }

    #[inline]
    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        self.0.register(at, waker)
    }

    fn update(&self, key: &mut Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
        self.0.update(key, at, waker)
    }

    #[inline]
    fn cancel(&self, key: Key) {
        self.0.cancel(key);
    }

    #[inline]
    fn has_forgotten(&self, at: Instant) -> bool {
        self.0.has_forgotten(at)
    }

    fn has_stopped(&self) -> bool {
        self.0.has_stopped()
    }
}

impl fmt::Debug for TokioTimer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokioTimer").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}
