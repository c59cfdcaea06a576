//! What a timer must do, and which one a thread uses.

use alloc::{boxed::Box, sync::Arc};
use core::{cell::RefCell, fmt, marker::PhantomData, task::Waker};
use std::{thread_local, time::Instant};

/// A source of time that wakes tasks.
///
/// The contract: a waker is woken once, when [`now`](Self::now) has reached its deadline and never
/// before; it is not cloned, woken or dropped while a lock of the timer's is held.
///
/// # Examples
///
/// A clock that is turned by hand, for tests that need no patience:
///
/// ```
/// use std::{
///     collections::BTreeMap,
///     future::pending,
///     sync::{Arc, Mutex},
///     task::Waker,
///     time::{Duration, Instant},
/// };
///
/// use selvedge_timer::{Elapsed, Key, Timer, TimerError, enter, sleep, sleep_on, timeout_on};
///
/// struct ByHand {
///     now: Mutex<Instant>,
///     wakers: Mutex<BTreeMap<(Instant, u64), Waker>>,
/// }
///
/// impl ByHand {
///     /// Turns it to the next deadline.
///     fn turn(&self) {
///         let first = self.wakers.lock().unwrap().pop_first();
///         if let Some(((at, _), waker)) = first {
///             *self.now.lock().unwrap() = at;
///             waker.wake();
///         }
///     }
/// }
///
/// impl Timer for ByHand {
///     fn now(&self) -> Instant {
///         *self.now.lock().unwrap()
///     }
///
///     fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
///         let waker = waker.clone();
///         let mut wakers = self.wakers.lock().unwrap();
///         let number = wakers.keys().map(|(_, number)| number + 1).max().unwrap_or(0);
///         wakers.insert((at, number), waker);
///         Ok(Key { at, number })
///     }
///
///     fn update(&self, key: &mut Key, at: Instant, waker: &Waker) -> Result<(), TimerError> {
///         let fresh = self.register(at, waker)?;
///         self.cancel(std::mem::replace(key, fresh));
///         Ok(())
///     }
///
///     fn cancel(&self, key: Key) {
///         let waker = self.wakers.lock().unwrap().remove(&(key.at, key.number));
///         drop(waker);
///     }
/// }
///
/// let now = Mutex::new(Instant::now());
/// let clock = Arc::new(ByHand { now, wakers: Mutex::new(BTreeMap::new()) });
/// let hour = Duration::from_secs(3600);
/// # use std::{future::Future, pin::pin, task::Context};
/// # fn block_on<F: Future>(clock: &ByHand, future: F) -> F::Output {
/// #     let mut future = pin!(future);
/// #     loop {
/// #         match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
/// #             std::task::Poll::Ready(output) => return output,
/// #             std::task::Poll::Pending => clock.turn(),
/// #         }
/// #     }
/// # }
///
/// // `block_on` polls, and turns the clock whenever the task waits.
/// block_on(&clock, sleep_on(clock.clone(), hour));
/// let late = block_on(&clock, timeout_on(clock.clone(), hour, pending::<()>()));
/// assert_eq!(late, Err(Elapsed));
///
/// // As this thread's timer it serves those who name none.
/// let _entered = enter(clock.clone());
/// block_on(&clock, sleep(hour));
/// ```
pub trait Timer {
    /// What time it is.
    fn now(&self) -> Instant;

    /// Wakes `waker` at `at`.
    ///
    /// # Errors
    ///
    /// If the timer cannot run; nothing is registered then.
    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError>;

    /// Moves what `key` stands for to `at`, and wakes `waker` there instead. A key that has fired
    /// is registered anew.
    ///
    /// # Errors
    ///
    /// As for [`register`](Self::register).
    fn update(&self, key: &mut Key, at: Instant, waker: &Waker) -> Result<(), TimerError>;

    /// Forgets what `key` stands for. Wakes nobody.
    fn cancel(&self, key: Key);
}

/// A deadline that was registered with a [`Timer`].
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// The deadline.
    pub at: Instant,
    /// Tells equal deadlines apart, in order of creation.
    pub number: u64,
}

/// The timer cannot run: its thread could not be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerError;

impl fmt::Display for TimerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the timer's thread cannot be started")
    }
}

impl core::error::Error for TimerError {}

macro_rules! forward {
    ($($handle:ty),*) => {$(
        impl<T: Timer + ?Sized> Timer for $handle {
            fn now(&self) -> Instant {
                (**self).now()
            }

            fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
                (**self).register(at, waker)
            }

            fn update(&self, key: &mut Key, at: Instant, waker: &Waker) -> Result<(), TimerError> {
                (**self).update(key, at, waker)
            }

            fn cancel(&self, key: Key) {
                (**self).cancel(key);
            }
        }
    )*};
}
forward!(&T, Arc<T>, Box<T>);

/// A timer that a thread can use and a future can keep.
pub type Shared = Arc<dyn Timer + Send + Sync>;

thread_local! {
    static CURRENT: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

/// The calling thread's current timer.
///
/// # Panics
///
/// If none was entered and there is no default: without the feature `thread`.
#[must_use]
pub fn current() -> Shared {
    CURRENT.with(|current| current.borrow().clone()).unwrap_or_else(default)
}

#[cfg(feature = "thread")]
fn default() -> Shared {
    super::thread::shared()
}

#[cfg(not(feature = "thread"))]
#[track_caller]
fn default() -> Shared {
    panic!("no timer was entered on this thread, and the feature `thread` is off")
}

/// Makes `timer` the calling thread's current one until the guard goes.
///
/// Guards go in the reverse order of their making. See the example of [`Timer`].
#[must_use = "the timer is current only while the guard lives"]
pub fn enter(timer: Arc<dyn Timer + Send + Sync>) -> Entered {
    let before = CURRENT.with(|current| current.replace(Some(timer)));
    Entered { before, _on_this_thread: PhantomData }
}

/// Keeps a timer current on this thread ([`enter`]).
pub struct Entered {
    before: Option<Shared>,
    _on_this_thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        drop(CURRENT.with(|current| current.replace(before)));
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entered")
    }
}
