//! What a timer must do, and which one a thread uses.

use alloc::{boxed::Box, sync::Arc};
use core::{
    cell::{Cell, RefCell},
    fmt,
    marker::PhantomData,
    task::Waker,
    time::Duration,
};
use std::{sync::OnceLock, thread_local, time::Instant};

use super::wheel::Id;

/// A source of time that wakes tasks.
///
/// The contract: a waker is woken once, when [`now`](Self::now) has reached its deadline and never
/// before, unless the timer [has stopped](Self::has_stopped); it is not cloned, woken or dropped
/// while a lock of the timer's is held. Deadlines that are equal are woken in the order in which
/// they were registered. One that is [`never`](crate::never()) only keeps its waker.
///
/// `&T`, `Arc<T>` and `Box<T>` of a timer are timers, so `sleep_on(&timer, …)` borrows one, and
/// `sleep_on(timer.clone(), …)` keeps it.
///
/// # Examples
///
/// A clock that is turned by hand; [`VirtualClock`](crate::VirtualClock) does more.
///
/// ```
/// use std::{
///     collections::BTreeMap,
///     sync::{
///         Arc, Mutex,
///         atomic::{AtomicU64, Ordering},
///     },
///     task::Waker,
///     time::{Duration, Instant},
/// };
///
/// use selvedge_timer::{Key, Timer, TimerError, sleep, sleep_on};
///
/// struct ByHand {
///     now: Mutex<Instant>,
///     next: AtomicU64,
///     alarms: Mutex<BTreeMap<u64, (Instant, Waker)>>,
/// }
///
/// impl ByHand {
///     /// Turns it to the next deadline.
///     fn turn(&self) {
///         let mut alarms = self.alarms.lock().unwrap();
///         let first = alarms.iter().min_by_key(|(key, (at, _))| (*at, **key));
///         let Some(first) = first.map(|(key, _)| *key) else { return };
///         let (at, waker) = alarms.remove(&first).unwrap();
///         drop(alarms);
///         *self.now.lock().unwrap() = at;
///         waker.wake();
///     }
/// }
///
/// impl Timer for ByHand {
///     fn now(&self) -> Instant {
///         *self.now.lock().unwrap()
///     }
///
///     fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
///         let mut key = Key::new(self.next.fetch_add(1, Ordering::Relaxed));
///         self.update(&mut key, at, Some(waker))?;
///         Ok(key)
///     }
///
///     fn update(&self, key: &mut Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
///         let fresh = waker.cloned();
///         let mut alarms = self.alarms.lock().unwrap();
///         let before = alarms.remove(&key.number()).map(|(_, waker)| waker);
///         let (waker, spare) = if fresh.is_some() { (fresh, before) } else { (before, None) };
///         if let Some(waker) = waker {
///             alarms.insert(key.number(), (at, waker));
///         }
///         drop((alarms, spare));
///         Ok(())
///     }
///
///     fn cancel(&self, key: Key) {
///         let before = self.alarms.lock().unwrap().remove(&key.number());
///         drop(before);
///     }
/// }
///
/// let (now, alarms) = (Mutex::new(Instant::now()), Mutex::default());
/// let clock = Arc::new(ByHand { now, next: AtomicU64::new(0), alarms });
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
/// block_on(&clock, sleep_on(&clock, hour));
///
/// // As this thread's timer it serves those who name none.
/// let _entered = clock.enter();
/// block_on(&clock, sleep(hour));
/// ```
pub trait Timer {
    /// What time it is.
    fn now(&self) -> Instant;

    /// Wakes `waker` at `at`; at once if that has passed, which the key then [may
    /// say](Key::passed).
    ///
    /// # Errors
    ///
    /// If the timer cannot run; nothing is registered then.
    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError>;

    /// Moves what `key` stands for to `at`, and wakes `waker` there, whether another was woken
    /// before or not. Without a `waker` the one is kept that waits; if it has been woken, nothing
    /// happens. It may be another key afterwards.
    ///
    /// # Errors
    ///
    /// As for [`register`](Self::register); everything is as before then.
    fn update(&self, key: &mut Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError>;

    /// Forgets what `key` stands for. Wakes nobody.
    fn cancel(&self, key: Key);

    /// Whether `at` has come and the timer has forgotten all that was registered for it, as far as
    /// it knows without taking a lock or looking at a clock: a task that was woken then does neither,
    /// and need not [cancel](Self::cancel) the key of such a deadline.
    #[inline]
    fn has_forgotten(&self, at: Instant) -> bool {
        let _ = at;
        false
    }

    /// Whether it has stopped for good: all that were registered have been woken, though their time
    /// had not come, and what is registered now is an error. A timer that lives as long as the
    /// program, as most do, never stops.
    #[inline]
    fn has_stopped(&self) -> bool {
        false
    }

    /// Makes this the calling thread's current timer until the guard goes: `sleep` and the others
    /// that name no timer use it. Guards go in the reverse order of their making.
    fn enter(&self) -> Entered
    where
        Self: Sized + Clone + Send + Sync + 'static,
    {
        let before = CURRENT.with(|current| current.replace(Some(Arc::new(self.clone()))));
        ENTERED.set(true);
        Entered { before, _on_this_thread: PhantomData }
    }
}

/// Stands for a deadline that was registered with a [`Timer`], until it is
/// [cancelled](Timer::cancel).
///
/// # Examples
///
/// ```
/// use selvedge_timer::Key;
///
/// assert_eq!(Key::new(7).number(), 7);
/// assert!(Key::passed(7).has_passed());
/// ```
#[must_use = "a deadline whose key is lost cannot be cancelled"]
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    number: u64,
    /// Of a wheel.
    entry: u32,
    passed: bool,
}

impl Key {
    /// A key that its timer knows by `number`.
    #[inline]
    pub const fn new(number: u64) -> Self {
        Self { number, entry: NOWHERE, passed: false }
    }

    /// The same, for a deadline that had passed when it was registered: its task need not wait.
    #[inline]
    pub const fn passed(number: u64) -> Self {
        Self { number, entry: NOWHERE, passed: true }
    }

    /// What its timer knows it by.
    #[inline]
    #[must_use]
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// Whether the deadline had passed when it was registered.
    #[inline]
    #[must_use]
    pub const fn has_passed(&self) -> bool {
        self.passed
    }

    /// For what stands in a wheel.
    #[inline]
    pub(crate) const fn of(id: Id) -> Self {
        Self { number: id.number, entry: id.entry, passed: false }
    }

    /// What stands in a wheel, or does not any more.
    #[inline]
    pub(crate) const fn id(&self) -> Id {
        Id { number: self.number, entry: self.entry }
    }
}

/// The entry of what stands in no wheel.
const NOWHERE: u32 = u32::MAX;

/// The timer cannot run: its thread could not be started, or its runtime is not there. See
/// [`Timer::register`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimerError;

impl fmt::Display for TimerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the timer cannot run")
    }
}

impl core::error::Error for TimerError {}

macro_rules! forward {
    ($($handle:ty),*) => {$(
        impl<T: Timer + ?Sized> Timer for $handle {
            #[inline]
            fn now(&self) -> Instant {
                (**self).now()
            }

            #[inline]
            fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
                (**self).register(at, waker)
            }

            fn update(&self, key: &mut Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
                (**self).update(key, at, waker)
            }

            #[inline]
            fn cancel(&self, key: Key) {
                (**self).cancel(key);
            }

            #[inline]
            fn has_forgotten(&self, at: Instant) -> bool {
                (**self).has_forgotten(at)
            }

            #[inline]
            fn has_stopped(&self) -> bool {
                (**self).has_stopped()
            }
        }
    )*};
}
forward!(&T, Arc<T>, Box<T>);

/// An instant that never comes: the deadline that `Duration::MAX` leads to.
///
/// # Examples
///
/// ```
/// use std::{pin::pin, time::Duration};
///
/// use selvedge_timer::{never, sleep};
///
/// let mut rest = pin!(sleep(Duration::from_secs(1)));
/// rest.as_mut().reset(never());
/// assert_eq!(rest.deadline(), never());
/// assert_eq!(sleep(Duration::MAX).deadline(), never());
/// ```
#[must_use]
pub fn never() -> Instant {
    static NEVER: OnceLock<Instant> = OnceLock::new();
    // A hundred years: every machine can name that instant, and can still add something to it.
    *NEVER.get_or_init(|| Instant::now() + Duration::from_secs(100 * 365 * 86_400))
}

/// `duration` after `start`, or [`never`](crate::never()).
#[cfg(feature = "sleep")]
#[inline]
pub(crate) fn after(start: Instant, duration: Duration) -> Instant {
    // An hour is near enough to need no look at what is never.
    match start.checked_add(duration) {
        Some(at) if duration.as_secs() < 3600 || at < never() => at,
        _ => never(),
    }
}

/// Whether `at` has come at `now`.
#[cfg(feature = "sleep")]
#[inline]
pub(crate) fn has_come(at: Instant, now: Instant) -> bool {
    at <= now && at < never()
}

/// A timer that a thread can use and a future can keep.
pub type Shared = Arc<dyn Timer + Send + Sync>;

thread_local! {
    static CURRENT: RefCell<Option<Shared>> = const { RefCell::new(None) };
    /// Whether there may be one: needs no destructor, and so no more than a load.
    static ENTERED: Cell<bool> = const { Cell::new(false) };
}

/// The timer of those who name none: the one that was current when they were made.
///
/// That is the one that the thread had [entered](Timer::enter), or else the `thread` host.
#[derive(Clone)]
pub struct Current(Option<Shared>);

impl Current {
    /// The calling thread's current timer.
    ///
    /// # Panics
    ///
    /// If none was entered and there is no default: without the feature `thread`, and in models.
    #[inline]
    #[track_caller]
    pub fn get() -> Self {
        if ENTERED.get() {
            // While the thread ends, its local values may be gone.
            let entered = CURRENT.try_with(|current| current.borrow().clone()).ok().flatten();
            if entered.is_some() {
                return Self(entered);
            }
        }
        default()
    }
}

/// The calling thread's current timer, for those who share it.
///
/// # Panics
///
/// As [`Current::get`].
#[must_use]
#[track_caller]
pub fn current() -> Shared {
    static SHARED: OnceLock<Shared> = OnceLock::new();
    match Current::get() {
        Current(Some(entered)) => entered,
        thread @ Current(None) => SHARED.get_or_init(|| Arc::new(thread)).clone(),
    }
}

impl From<Shared> for Current {
    /// That timer, as if it had been entered.
    fn from(timer: Shared) -> Self {
        Self(Some(timer))
    }
}

#[cfg(all(feature = "thread", not(selvedge_loom)))]
#[inline]
fn default() -> Current {
    Current(None)
}

#[cfg(not(all(feature = "thread", not(selvedge_loom))))]
#[track_caller]
fn default() -> Current {
    panic!("no timer was entered on this thread, and there is no thread timer in this build")
}

/// `$call` on the timer that this is.
macro_rules! on {
    ($current:ident.$call:ident($($argument:ident),*)) => {
        match &$current.0 {
            Some(timer) => timer.$call($($argument),*),
            #[cfg(all(feature = "thread", not(selvedge_loom)))]
            None => super::thread::host().$call($($argument),*),
            #[cfg(not(all(feature = "thread", not(selvedge_loom))))]
            None => unreachable!("made by `default` alone"),
        }
    };
}

impl Timer for Current {
    #[inline]
    fn now(&self) -> Instant {
        on!(self.now())
    }

    #[inline]
    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        on!(self.register(at, waker))
    }

    fn update(&self, key: &mut Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
        on!(self.update(key, at, waker))
    }

    #[inline]
    fn cancel(&self, key: Key) {
        on!(self.cancel(key));
    }

    #[inline]
    fn has_forgotten(&self, at: Instant) -> bool {
        on!(self.has_forgotten(at))
    }

    #[inline]
    fn has_stopped(&self) -> bool {
        on!(self.has_stopped())
    }
}

impl fmt::Debug for Current {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Current(entered)" } else { "Current(thread)" })
    }
}

/// Keeps a timer current on this thread ([`Timer::enter`]).
#[must_use = "the timer is current only while the guard lives"]
pub struct Entered {
    before: Option<Shared>,
    _on_this_thread: PhantomData<*const ()>,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let before = self.before.take();
        let is_some = before.is_some();
        if let Ok(gone) = CURRENT.try_with(|current| current.replace(before)) {
            ENTERED.set(is_some);
            drop(gone);
        }
    }
}

impl fmt::Debug for Entered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entered")
    }
}
