//! Alarms that wake by a runtime's own timer.
//!
//! The runtime is asked for one sleep at a time, until the earliest alarm: how many there are is no
//! business of its, and the contract of a timer is kept whatever the runtime's own is like.
//!
//! Invariants:
//! 1. The driver is made by the first registration, and only once.
//! 2. Whenever the driver goes, it stops the alarms: nobody waits for one that is not there.
//! 3. The driver ends when nobody is left who could register, which is when `Hosted` is dropped.

use alloc::{
    boxed::Box,
    sync::{Arc, Weak},
    vec::Vec,
};
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::time::Instant;

use selvedge_sync::raw::shim::{
    atomic::{AtomicBool, Ordering::Relaxed},
    doomed, mutant,
};

use super::{
    alarms::Alarms,
    driver::wake,
    timer::{Key, Timer, TimerError},
};

/// What a runtime gives.
pub trait Runtime: Sized {
    /// Its sleep. Ready once [`now`](Self::now) has reached its end, and never before.
    type Sleep: Future + Send;

    /// What time it is there.
    fn now(&self) -> Instant;

    /// Called by the driver, where the runtime polls it.
    fn sleep_until(&self, at: Instant) -> Self::Sleep;

    /// Has the driver polled from now on. If it is dropped instead, the timer has stopped.
    fn drive(&self, driver: Drive<Self>);
}

/// Alarms, and the runtime that wakes them.
pub struct Hosted<R> {
    alarms: Alarms,
    runtime: R,
    started: AtomicBool,
}

impl<R: Runtime> Hosted<R> {
    /// No alarms yet, and no driver.
    pub fn new(runtime: R) -> Arc<Self> {
        let alarms = Alarms::new(runtime.now());
        Arc::new(Self { alarms, runtime, started: AtomicBool::new(false) })
    }

    /// The runtime.
    pub fn runtime(&self) -> &R {
        &self.runtime
    }

    /// How many deadlines it waits for.
    pub fn waiting(&self) -> usize {
        self.alarms.waiting()
    }

    #[cold]
    fn start(self: &Arc<Self>) {
        // Whoever comes second need not wait for the first: if its driver does not come to be, all
        // that have registered by then are told (invariant 2).
        if !self.started.swap(true, Relaxed) {
            let hosted = Arc::downgrade(self);
            self.runtime.drive(Drive { hosted, sleep: None, due: Vec::new() });
        }
    }

    /// As [`Timer::register`].
    ///
    /// # Errors
    ///
    /// If there is no driver any more.
    #[inline]
    pub fn register(self: &Arc<Self>, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        if !self.started.load(Relaxed) {
            self.start();
        }
        self.alarms.register(at, waker, || self.runtime.now())
    }
}

/// A handle of it.
#[derive(Debug)]
pub struct Handle<R>(pub Arc<Hosted<R>>);

impl<R> Clone for Handle<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Runtime> Timer for Handle<R> {
    fn now(&self) -> Instant {
        self.0.runtime.now()
    }

    fn register(&self, at: Instant, waker: &Waker) -> Result<Key, TimerError> {
        self.0.register(at, waker)
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

    fn has_stopped(&self) -> bool {
        self.0.alarms.stopped()
    }
}

impl<R> Drop for Hosted<R> {
    fn drop(&mut self) {
        if !doomed() && !mutant!("a timer that goes keeps its driver") {
            // The driver finds nobody (invariant 3).
            self.alarms.rouse();
        }
    }
}

impl<R> fmt::Debug for Hosted<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosted").field("alarms", &self.alarms).finish_non_exhaustive()
    }
}

/// The driver: a future that ends when there is nobody left to wake.
#[must_use = "futures do nothing unless polled"]
pub struct Drive<R: Runtime> {
    hosted: Weak<Hosted<R>>,
    /// The runtime's, and when it ends.
    sleep: Option<(Instant, Pin<Box<R::Sleep>>)>,
    due: Vec<super::wheel::Due<Waker>>,
}

impl<R: Runtime> Drive<R> {
    /// Sleeps until `at`; whether that is still to come.
    fn sleep(&mut self, runtime: &R, at: Instant, cx: &mut Context<'_>) -> bool {
        match &mut self.sleep {
            Some((until, _)) if *until == at => {}
            Some((until, sleep)) => {
                *until = at;
                sleep.set(runtime.sleep_until(at));
            }
            sleep => *sleep = Some((at, Box::pin(runtime.sleep_until(at)))),
        }
        let Some((_, sleep)) = &mut self.sleep else { unreachable!("it was just made") };
        let pending = sleep.as_mut().poll(cx).is_pending();
        if !pending {
            self.sleep = None;
        }
        pending
    }
}

impl<R: Runtime> Future for Drive<R> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            let Some(hosted) = this.hosted.upgrade() else { return Poll::Ready(()) };
            let mut waker = Some(cx.waker().clone());
            let next = hosted.alarms.collect(hosted.runtime.now(), &mut waker, &mut this.due);
            drop(waker);
            if this.due.is_empty() {
                match next {
                    Some(next) if !this.sleep(&hosted.runtime, next, cx) => continue,
                    Some(_) => {}
                    None => this.sleep = None,
                }
                return Poll::Pending;
            }
            this.due.drain(..).filter_map(|alarm| alarm.item).for_each(wake);
        }
    }
}

/// Nothing is pinned in it.
impl<R: Runtime> Unpin for Drive<R> {}

impl<R: Runtime> Drop for Drive<R> {
    fn drop(&mut self) {
        if doomed() {
            return;
        }
        if let Some(hosted) = self.hosted.upgrade() {
            hosted.alarms.stop();
        }
    }
}

impl<R: Runtime> fmt::Debug for Drive<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Drive")
    }
}
