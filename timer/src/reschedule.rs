//! A deadline that can be moved while it is waited for.
//!
//! Each future that it limits has a sleep of its own, and leaves its waker here. Moving the
//! deadline earlier wakes them, so that they set their sleeps anew. Moving it later wakes nobody:
//! they find out when their sleeps end.
//!
//! Invariant: whoever sleeps towards a deadline read it under the lock under which its waker was
//! in the list, so that an earlier one finds the waker.

use alloc::{collections::BTreeMap, sync::Arc};
use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::time::Instant;

use pin_project_lite::pin_project;
use selvedge_sync::raw::{
    shim::{Lock, doomed, mutant},
    wakers::{Wake, WakeList},
};

use crate::{
    Current, Elapsed, Sleep, Timer,
    raw::timer::{after, has_come, never},
    sleep_until_on,
};

/// A deadline for one or more futures, which can be moved earlier, later and to never while they
/// run. Clones are the same deadline.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{future::pending, time::Duration};
///
/// use selvedge_timer::{Deadline, Elapsed, sleep};
///
/// let deadline = Deadline::after(Duration::from_secs(600));
/// let handle = deadline.clone();
/// let ended = deadline.limit(async move {
///     // The work says itself that it will not be long.
///     handle.reschedule_after(Duration::from_millis(2));
///     pending::<()>().await;
/// });
/// assert_eq!(ended.await, Err(Elapsed));
/// assert!(deadline.is_expired());
/// # });
/// ```
#[doc(alias = "asyncio.Timeout")]
#[doc(alias = "trio.CancelScope.deadline")]
#[derive(Clone)]
pub struct Deadline<T: Timer + Clone = Current> {
    timer: T,
    shared: Arc<Lock<State>>,
}

struct State {
    at: Instant,
    next_id: u64,
    waiting: BTreeMap<u64, Waker>,
}

impl Deadline {
    /// At `at`, by the thread's current timer.
    ///
    /// # Panics
    ///
    /// As [`sleep`](crate::sleep()).
    #[must_use]
    #[track_caller]
    pub fn at(at: Instant) -> Self {
        Self::at_on(Current::get(), at)
    }

    /// `duration` from now, by the thread's current timer.
    ///
    /// # Panics
    ///
    /// As [`sleep`](crate::sleep()).
    #[must_use]
    #[track_caller]
    pub fn after(duration: Duration) -> Self {
        Self::after_on(Current::get(), duration)
    }

    /// Never, until it is moved; by the thread's current timer.
    ///
    /// # Panics
    ///
    /// As [`sleep`](crate::sleep()).
    #[must_use]
    #[track_caller]
    pub fn never() -> Self {
        Self::at(never())
    }
}

impl<T: Timer + Clone> Deadline<T> {
    /// At `at`, by a timer of the caller's choice.
    #[must_use]
    pub fn at_on(timer: T, at: Instant) -> Self {
        let state = State { at, next_id: 0, waiting: BTreeMap::new() };
        Self { timer, shared: Arc::new(Lock::new(state)) }
    }

    /// `duration` from now, by a timer of the caller's choice.
    #[must_use]
    pub fn after_on(timer: T, duration: Duration) -> Self {
        let at = after(timer.now(), duration);
        Self::at_on(timer, at)
    }

    /// Waits for `future`, until the deadline at the latest, wherever that is by then.
    ///
    /// `future` is polled at least once, and wins if it is ready. When the time is over it is
    /// dropped before the error is seen.
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops `future`, and loses what dropping that one loses.
    ///
    /// # Errors
    ///
    /// The future ends with [`Elapsed`] when the time is over.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion, or if the timer's thread cannot be started.
    pub fn limit<F: Future>(&self, future: F) -> Limited<F, T> {
        let (id, at) = self.shared.with(|state| {
            state.next_id += 1;
            (state.next_id, state.at)
        });
        let place = Place { id, shared: self.shared.clone() };
        Limited { future: Some(future), place, sleep: sleep_until_on(self.timer.clone(), at) }
    }

    /// When it is; `None` if never.
    #[must_use]
    pub fn when(&self) -> Option<Instant> {
        Some(self.shared.with(|state| state.at)).filter(|at| *at < never())
    }

    /// Whether it has passed.
    #[must_use]
    pub fn is_expired(&self) -> bool {
        has_come(self.shared.with(|state| state.at), self.timer.now())
    }

    /// Moves it, earlier, later or to [`never`](crate::never()). What has ended stays so.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::time::{Duration, Instant};
    ///
    /// use selvedge_timer::{Deadline, Timer, VirtualClock};
    ///
    /// let clock = VirtualClock::new();
    /// let deadline = Deadline::after_on(&clock, Duration::from_secs(1));
    /// let later = deadline.when().unwrap() + Duration::from_secs(9);
    /// deadline.reschedule(later);
    /// assert_eq!(deadline.when(), Some(later));
    /// assert!(!deadline.is_expired());
    /// # let _ = Deadline::at_on(&clock, later);
    /// # });
    /// ```
    pub fn reschedule(&self, at: Instant) {
        let mut waiting = self.shared.with(|state| {
            let before = mem::replace(&mut state.at, at);
            if at < before && !mutant!("an earlier deadline wakes nobody") {
                mem::take(&mut state.waiting)
            } else {
                BTreeMap::new()
            }
        });
        while !waiting.is_empty() {
            // Woken in batches: a panic of one does not keep the others asleep.
            let mut wakes = WakeList::new();
            while !wakes.is_full() {
                let Some((_, waker)) = waiting.pop_first() else { break };
                wakes.push(Wake(Some(waker)));
            }
            wakes.wake();
        }
    }

    /// Moves it to `duration` from now.
    pub fn reschedule_after(&self, duration: Duration) {
        self.reschedule(after(self.timer.now(), duration));
    }
}

impl<T: Timer + Clone> fmt::Debug for Deadline<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadline").field("when", &self.when()).finish_non_exhaustive()
    }
}

/// A future's place in the list of those that are woken.
struct Place {
    id: u64,
    shared: Arc<Lock<State>>,
}

impl Place {
    /// The deadline, read with `waker` in the list.
    fn look(&self, waker: &Waker) -> Instant {
        let known = self.shared.with(|state| {
            let known = state.waiting.get(&self.id).is_some_and(|known| known.will_wake(waker));
            known.then_some(state.at)
        });
        if let Some(at) = known {
            return at;
        }
        let waker = waker.clone();
        let (before, at) = self.shared.with(|state| {
            // RACE: 1. A reads the deadline. 2. B moves it earlier, and finds nobody to wake.
            //       3. A leaves its waker, and sleeps towards the old one. So both are one step.
            (state.waiting.insert(self.id, waker), state.at)
        });
        drop(before);
        at
    }

    fn leave(&self) {
        drop(self.shared.with(|state| state.waiting.remove(&self.id)));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !doomed() {
            self.leave();
        }
    }
}

pin_project! {
    /// The future of [`Deadline::limit`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Limited<F, T = Current>
    where
        T: Timer,
    {
        #[pin]
        future: Option<F>,
        place: Place,
        sleep: Sleep<T>,
    }
}

impl<F: Future, T: Timer> Future for Limited<F, T> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = this.future.as_mut().as_pin_mut().expect("polled after completion");
        let ended = match future.poll(cx) {
            Poll::Ready(output) => Ok(output),
            Poll::Pending => {
                let at = this.place.look(cx.waker());
                let mut sleep = Pin::new(&mut *this.sleep);
                if sleep.deadline() != at {
                    sleep.as_mut().reset(at);
                }
                if sleep.poll(cx).is_pending() {
                    return Poll::Pending;
                }
                Err(Elapsed)
            }
        };
        this.place.leave();
        this.sleep.forget();
        this.future.set(None);
        Poll::Ready(ended)
    }
}

impl<F, T: Timer> fmt::Debug for Limited<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limited").field("sleep", &self.sleep).finish_non_exhaustive()
    }
}
