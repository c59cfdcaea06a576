//! The futures of a condition variable: asleep in its line, and on the way to the mutex.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;

use self::sealed::Relock;
use super::{Ask, Condvar, Notified};
use crate::{
    Lock, LockOwned, MutexGuard, OwnedMutexGuard,
    raw::{
        line::{Turn, Wait},
        shim::mutant,
    },
};

mod sealed {
    use core::{future::Future, ops::DerefMut};

    /// A guard of a mutex that can be had again.
    pub trait Relock: DerefMut + Sized {
        /// The wait for the same mutex.
        type Lock: Future<Output = Self>;

        /// Asks for the mutex that this guard holds; the future is not polled before the guard is
        /// gone.
        fn again(&self) -> Self::Lock;
    }
}

impl<'a, T: ?Sized> Relock for MutexGuard<'a, T> {
    type Lock = Lock<'a, T>;

    fn again(&self) -> Lock<'a, T> {
        MutexGuard::mutex(self).lock()
    }
}

impl<T: ?Sized> Relock for OwnedMutexGuard<T> {
    type Lock = LockOwned<T>;

    fn again(&self) -> LockOwned<T> {
        OwnedMutexGuard::mutex(self).clone().lock_owned()
    }
}

pin_project! {
    /// The future of [`Condvar::wait`] and [`Condvar::wait_owned`]; `G` is the kind of guard.
    #[must_use = "futures do nothing unless polled"]
    pub struct CondvarWait<'c, G: Relock> {
        #[pin]
        wait: Wait<&'c Condvar, Notified>,
        // Until the wait has begun.
        guard: Option<G>,
        // From then on. It goes before the notification does.
        #[pin]
        lock: Option<G::Lock>,
        notified: Option<Turn<&'c Condvar, Notified>>,
    }
}

impl<'c, G: Relock> CondvarWait<'c, G> {
    #[track_caller]
    pub(super) fn new(condvar: &'c Condvar, guard: G) -> Self {
        let wait = Wait::new(condvar, Notified(Ask::One));
        Self { wait, guard: Some(guard), lock: None, notified: None }
    }
}

impl<G: Relock> Future for CondvarWait<'_, G> {
    type Output = G;

    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G> {
        let mut this = self.project();
        if mutant!("the mutex goes before the place in line is had") {
            if let Some(guard) = this.guard.take() {
                this.lock.set(Some(guard.again()));
            }
        }
        if this.notified.is_none() {
            // RACE: 1. A gives the mutex back. 2. B takes it, makes the change, and notifies
            //       nobody. 3. A lines up, and sleeps for ever. So A lines up first.
            let polled = this.wait.poll_turn(cx);
            if let Some(guard) = this.guard.take() {
                this.lock.set(Some(guard.again()));
                // It may wake somebody whose waker panics: everything is in its place by now.
                drop(guard);
            }
            *this.notified = ready!(polled);
            if mutant!("a notification is spent before the mutex is had") {
                let spent = this.notified.take().map(Turn::into_handle);
                *this.notified = spent.map(|condvar| Turn::of(condvar, Notified(Ask::All)));
            }
        }
        let lock = this.lock.as_mut().as_pin_mut().expect("it is there once the wait has begun");
        let guard = ready!(lock.poll(cx));
        // Spent: it is not given back.
        let _ = this.notified.take().map(Turn::into_handle);
        Poll::Ready(guard)
    }
}

pin_project! {
    /// The future of [`Condvar::wait_while`] and [`Condvar::wait_while_owned`]; `G` is the kind of
    /// guard.
    #[must_use = "futures do nothing unless polled"]
    pub struct CondvarWaitWhile<'c, G: Relock, F> {
        condvar: &'c Condvar,
        condition: F,
        // Between two waits.
        guard: Option<G>,
        #[pin]
        wait: Option<CondvarWait<'c, G>>,
    }
}

impl<'c, G: Relock, F> CondvarWaitWhile<'c, G, F> {
    #[track_caller]
    pub(super) fn new(condvar: &'c Condvar, guard: G, condition: F) -> Self {
        Self { condvar, condition, guard: Some(guard), wait: None }
    }
}

impl<G, F> Future for CondvarWaitWhile<'_, G, F>
where
    G: Relock,
    F: FnMut(&mut <G as core::ops::Deref>::Target) -> bool,
{
    type Output = G;

    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<G> {
        let mut this = self.project();
        loop {
            if let Some(wait) = this.wait.as_mut().as_pin_mut() {
                *this.guard = Some(ready!(wait.poll(cx)));
                this.wait.set(None);
            }
            // Out of the future while other people's code runs: a panic gives the mutex back.
            let mut guard = this.guard.take().expect("a future was polled after completion");
            if !(this.condition)(&mut guard) {
                return Poll::Ready(guard);
            }
            this.wait.set(Some(CondvarWait::new(this.condvar, guard)));
        }
    }
}

impl<G: Relock> fmt::Debug for CondvarWait<'_, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CondvarWait").finish_non_exhaustive()
    }
}

impl<G: Relock, F> fmt::Debug for CondvarWaitWhile<'_, G, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CondvarWaitWhile").finish_non_exhaustive()
    }
}
