//! Time that is turned by hand, or jumps when nothing else is to be done.
//!
//! A paused clock is as late as the alarms of its wheel have come: turning it and waking what is
//! due is one step under one lock, so that nobody registers a deadline in between that has passed
//! unseen.

use alloc::{sync::Arc, task::Wake, vec::Vec};
use core::{
    fmt,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::{
    panic::{catch_unwind, resume_unwind},
    time::Instant,
};

use pin_project_lite::pin_project;
use selvedge_sync::raw::shim::{
    Lock,
    atomic::{AtomicBool, Ordering},
    doomed, mutant,
};

use crate::{
    Current, Key, Sleep, Timer, TimerError, never,
    raw::{alarms::Alarms, driver, timer::after, wheel::Due},
    sleep_until,
};

/// A clock for tests: it stands still until it is [advanced](Self::advance), or jumps from
/// deadline to deadline when all tasks are idle ([`auto_advance`](Self::auto_advance)).
///
/// It needs no runtime: name it (`sleep_on(&clock, …)`), or [enter](Timer::enter) it for those who
/// name no timer. Clones are the same clock.
///
/// Deadlines that are equal are woken in the order in which they were registered. While they are
/// woken, it is as late as they say.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_timer::{Timer, VirtualClock, sleep, timeout};
///
/// let clock = VirtualClock::new();
/// let start = clock.now();
/// let _entered = clock.enter();
/// let day = Duration::from_secs(86_400);
///
/// // Takes no time at all, with any `block_on`.
/// pollster::block_on(clock.auto_advance(async {
///     assert!(timeout(day, sleep(2 * day)).await.is_err());
///     sleep(day).await;
/// }));
/// assert_eq!(clock.now() - start, 2 * day);
/// ```
#[doc(alias = "trio.testing.MockClock")]
#[derive(Clone)]
pub struct VirtualClock(Arc<Inner>);

struct Inner {
    alarms: Alarms,
    /// While it runs: since when, in the machine's time and in its own.
    running: Lock<Option<(Instant, Instant)>>,
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl VirtualClock {
    /// A clock that stands still.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner { alarms: Alarms::new(Instant::now()), running: Lock::new(None) }))
    }

    /// Stands still from now on.
    pub fn pause(&self) {
        self.0.running.with(|running| {
            // In one go, or somebody could see it go back.
            if let Some((real, own)) = running.take() {
                self.0.alarms.raise(own + real.elapsed());
            }
        });
        self.fire();
        self.0.alarms.rouse();
    }

    /// Goes on with the machine's time. What falls due is woken by the driver of
    /// [`auto_advance`](Self::auto_advance), which then waits instead of jumping, or by the next
    /// [`advance`](Self::advance).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use selvedge_timer::{Timer, VirtualClock};
    ///
    /// let clock = VirtualClock::new();
    /// let start = clock.now();
    /// clock.advance(Duration::from_secs(1));
    /// assert_eq!(clock.now(), start + Duration::from_secs(1));
    /// clock.pause();
    /// assert!(clock.is_paused());
    /// clock.resume();
    /// assert!(!clock.is_paused());
    /// ```
    pub fn resume(&self) {
        self.0.running.with(|running| {
            running.get_or_insert_with(|| (Instant::now(), self.0.alarms.latest()));
        });
        self.0.alarms.rouse();
    }

    /// Whether it stands still.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.0.running.with(|running| running.is_none())
    }

    /// How many deadlines are registered and have not come: how many tasks it keeps asleep.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.alarms.waiting()
    }

    /// Turns it on by `duration`, and wakes what is due on the way, in order.
    ///
    /// The tasks have to run before they see it, and what they register then counts from the new
    /// time. At most until just before [`never`](crate::never()).
    ///
    /// # Panics
    ///
    /// Passes a waker's panic on; what is due later is not woken then before the next call.
    pub fn advance(&self, duration: Duration) {
        self.0.running.with(|running| {
            if let Some((_, own)) = running {
                *own = later(*own, duration);
            }
        });
        let until = match self.is_paused() {
            true => later(self.now(), duration),
            false => self.now(),
        };
        self.fire_until(until);
    }

    /// Runs `future`, and turns the clock to the next deadline whenever it is idle: when its poll
    /// is over and nothing has woken it meanwhile.
    ///
    /// `future` is all tasks that count: join them in it, or run a local executor in it.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`; the clock stays where it is.
    pub fn auto_advance<F: Future>(&self, future: F) -> AutoAdvance<F> {
        AutoAdvance { clock: self.clone(), future, idle: None, real: None }
    }

    /// Wakes what is due.
    fn fire(&self) {
        self.fire_until(self.now());
    }

    fn fire_until(&self, until: Instant) {
        let mut due = Vec::new();
        loop {
            self.0.alarms.collect_next(Some(until), &mut None, &mut due);
            if due.is_empty() {
                return;
            }
            wake_all(&mut due);
        }
    }

    /// Turns it to the next deadline and wakes what is due there. If there is none, `driver` will
    /// be woken by the next that is registered; whether there was one.
    fn jump(&self, driver: &Waker) -> bool {
        let mut due = Vec::new();
        let mut waker = Some(driver.clone());
        self.0.alarms.collect_next(None, &mut waker, &mut due);
        drop(waker);
        let any = !due.is_empty();
        wake_all(&mut due);
        any
    }
}

/// Wakes all, and passes a waker's panic on, the first one, when that is done.
fn wake_all(due: &mut Vec<Due<Waker>>) {
    let mut panic = None;
    for waker in due.drain(..).filter_map(|alarm| alarm.item) {
        if cfg!(selvedge_loom) {
            // A panic ends the model.
            waker.wake();
            continue;
        }
        panic = panic.or(catch_unwind(AssertUnwindSafe(|| waker.wake())).err());
    }
    if let Some(panic) = panic {
        resume_unwind(panic);
    }
}

/// `duration` after `start`, or the last instant that comes.
fn later(start: Instant, duration: Duration) -> Instant {
    after(start, duration).min(never() - Duration::from_nanos(1))
}

impl Timer for VirtualClock {
    fn now(&self) -> Instant {
        self.0.running.with(|running| match running {
            Some((real, own)) => *own + real.elapsed(),
            None => self.0.alarms.latest(),
        })
    }

    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        self.0.alarms.register(at, waker, || self.now())
    }

    fn update(&self, key: &mut Key, at: Instant, waker: Option<&Waker>) -> Result<(), TimerError> {
        self.0.alarms.update(key, at, waker)
    }

    fn cancel(&self, key: Key) {
        self.0.alarms.cancel(&key);
    }

    #[inline]
    fn has_forgotten(&self, at: Instant) -> bool {
        self.0.alarms.is_over(at)
    }
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VirtualClock").field("now", &self.now()).finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`VirtualClock::auto_advance`].
    #[must_use = "futures do nothing unless polled"]
    pub struct AutoAdvance<F> {
        clock: VirtualClock,
        #[pin]
        future: F,
        idle: Option<(Arc<Idle>, Waker)>,
        // While the clock runs: until its next deadline.
        real: Option<Sleep<Current>>,
    }

    impl<F> PinnedDrop for AutoAdvance<F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some((idle, _)) = this.idle {
                if !doomed() {
                    this.clock.0.alarms.forget_driver_of(&idle.outer);
                }
            }
        }
    }
}

/// Sees whether the tasks are woken.
struct Idle {
    woken: AtomicBool,
    outer: Waker,
}

impl Wake for Idle {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Relaxed: what was done before it is seen in the poll that the outer waker brings about. A
        // poll that comes before that finds nothing, and what it then lets the clock do, the clock
        // might have done a moment earlier.
        self.woken.store(true, Ordering::Relaxed);
        self.outer.wake_by_ref();
    }
}

impl<F: Future> Future for AutoAdvance<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        if !this.idle.as_ref().is_some_and(|(idle, _)| idle.outer.will_wake(cx.waker())) {
            let idle = Idle { woken: AtomicBool::new(false), outer: cx.waker().clone() };
            let idle = Arc::new(idle);
            *this.idle = Some((idle.clone(), Waker::from(idle)));
        }
        let Some((idle, waker)) = this.idle else { unreachable!("it was just made") };
        // It looks before it is idle again: what its own tasks register need not wake it.
        this.clock.0.alarms.forget_driver();
        idle.woken.store(false, Ordering::Relaxed);
        if let Poll::Ready(output) = this.future.poll(&mut Context::from_waker(waker)) {
            return Poll::Ready(output);
        }
        // Whoever woke a task has woken this one's task too: it will be polled again.
        while !idle.woken.load(Ordering::Relaxed) || mutant!("a clock jumps though a task is busy")
        {
            if this.clock.is_paused() {
                *this.real = None;
                if !this.clock.jump(cx.waker()) {
                    break;
                }
                continue;
            }
            let mut due = Vec::new();
            let mut driver = Some(cx.waker().clone());
            let next = this.clock.0.alarms.collect(this.clock.now(), &mut driver, &mut due);
            drop(driver);
            if due.is_empty() {
                // RACE: 1. It sees that the clock runs. 2. `pause` finds no driver asleep. 3. It
                //       sleeps in real time. So it looks again now that it can be found.
                if this.clock.is_paused() {
                    continue;
                }
                let Some(next) = next else { break };
                let left = next.saturating_duration_since(this.clock.now());
                let real = this.real.insert(sleep_until(after(Instant::now(), left)));
                if Pin::new(real).poll(cx).is_pending() {
                    break;
                }
            }
            due.drain(..).filter_map(|alarm| alarm.item).for_each(driver::wake);
        }
        Poll::Pending
    }
}

impl<F> fmt::Debug for AutoAdvance<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AutoAdvance").field("clock", &self.clock).finish_non_exhaustive()
    }
}
