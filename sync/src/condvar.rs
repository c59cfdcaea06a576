//! A condition variable: tasks sleep with a mutex given back, and have it again when they go on.
//!
//! # State
//!
//! The line, and one bit beside it:
//!
//! | `waiting` | line     | meaning                                                 |
//! |:---------:|----------|---------------------------------------------------------|
//! |   false   | empty    | a notification is for nobody, and is not remembered     |
//! |   true    | somebody | a notification is a turn that the head is granted       |
//!
//! A turn is a notification. It is spent by who has the mutex again; who is cancelled before gives
//! it back, and the next in line is granted it.
//!
//! Invariants:
//! 1. `waiting` is set exactly while somebody is in line, and changes with the line locked only.
//! 2. A waiter is in line before it gives its mutex back.

use core::{fmt, sync::atomic::Ordering::Relaxed};

pub use self::futures::{CondvarWait, CondvarWaitWhile};
use crate::{
    MutexGuard, OwnedMutexGuard,
    raw::{
        line::{Answer, Asks, Line, Place, Primitive, Queue, Turns},
        shim::{Label, atomic::AtomicBool, const_in_build, mutant, op},
        wakers::{BATCH, WakeList, in_batches},
    },
};

mod futures;

/// Lets tasks wait for a change of what a [`Mutex`](crate::Mutex) protects.
///
/// A task that waits gives its guard, sleeps with the mutex free, and has a guard again when it goes
/// on: of the mutex that it came with, whatever others wait with. Whoever makes the change does so
/// with the mutex held, and then notifies; a notification that comes while nobody waits is not
/// remembered.
///
/// # Fairness
///
/// Notifications go to those who wait in the order of their first poll. For the mutex they then
/// stand in line like all others.
///
/// # Memory ordering
///
/// Who goes on sees what the mutex shows: everything that happened before it was last given back.
///
/// # Panics in a critical section
///
/// A predicate that panics gives the mutex back. There is no poisoning.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::thread;
///
/// use selvedge_sync::{Condvar, Mutex};
///
/// static BOBBINS: Mutex<u32> = Mutex::new(0);
/// static WOUND: Condvar = Condvar::new();
///
/// let winder = thread::spawn(|| {
///     *BOBBINS.blocking_lock() += 1;
///     WOUND.notify_one();
/// });
/// let mut bobbins = WOUND.wait_while(BOBBINS.lock().await, |bobbins| *bobbins == 0).await;
/// *bobbins -= 1;
/// # drop(bobbins);
/// # winder.join().unwrap();
/// # });
/// ```
#[doc(alias = "asyncio.Condition")]
#[doc(alias = "trio.Condition")]
pub struct Condvar {
    waiting: AtomicBool,
    line: Line<Ask>,
    label: Label,
}

impl Condvar {
    const_in_build! {
        /// A condition variable that nobody waits on.
        #[must_use]
        pub fn new() -> Self {
            Self {
                waiting: AtomicBool::new(false),
                line: Line::new(),
                label: Label::new("condvar"),
            }
        }
    }

    /// Gives the mutex back, waits for a notification, and takes the mutex again.
    ///
    /// The mutex stays held until the first poll. Somebody else may come between the notification
    /// and the mutex: look again whether it is as hoped, or use [`wait_while`](Self::wait_while).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses the guard: the mutex is free, or goes to the next. A notification
    /// that it had, asleep or on its way to the mutex, goes to the next who waits here.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
    ) -> CondvarWait<'_, MutexGuard<'a, T>> {
        CondvarWait::new(self, guard)
    }

    /// As [`wait`](Self::wait), with a guard that keeps the mutex alive; so does the wait.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_owned<T: ?Sized>(
        &self,
        guard: OwnedMutexGuard<T>,
    ) -> CondvarWait<'_, OwnedMutexGuard<T>> {
        CondvarWait::new(self, guard)
    }

    /// Waits while `condition` says so: it is asked with the mutex held, before the first sleep and
    /// after each notification.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait`](Self::wait).
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion, and passes a panic of `condition` on.
    #[doc(alias = "wait_for")]
    #[track_caller]
    pub fn wait_while<'a, T, F>(
        &self,
        guard: MutexGuard<'a, T>,
        condition: F,
    ) -> CondvarWaitWhile<'_, MutexGuard<'a, T>, F>
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        CondvarWaitWhile::new(self, guard, condition)
    }

    /// As [`wait_while`](Self::wait_while), with a guard that keeps the mutex alive; so does the
    /// wait.
    ///
    /// # Cancel safety
    ///
    /// As for [`wait`](Self::wait).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::sync::Arc;
    ///
    /// use selvedge_sync::{Condvar, Mutex};
    ///
    /// let (count, changed) = (Arc::new(Mutex::new(3)), Condvar::new());
    /// let guard = changed.wait_while_owned(count.clone().lock_owned().await, |count| *count < 3).await;
    /// assert_eq!(*guard, 3);
    /// drop(guard);
    /// // A thread does the same, and parks if it has to.
    /// let guard = changed.blocking_wait_while_owned(count.blocking_lock_owned(), |count| *count < 3);
    /// assert_eq!(*guard, 3);
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_while_owned<T, F>(
        &self,
        guard: OwnedMutexGuard<T>,
        condition: F,
    ) -> CondvarWaitWhile<'_, OwnedMutexGuard<T>, F>
    where
        T: ?Sized,
        F: FnMut(&mut T) -> bool,
    {
        CondvarWaitWhile::new(self, guard, condition)
    }

    /// As [`wait`](Self::wait), and parks the calling thread meanwhile.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_wait<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        crate::raw::block::block_on(self.wait(guard))
    }

    /// As [`wait_owned`](Self::wait_owned), and parks the calling thread meanwhile.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{sync::Arc, thread};
    ///
    /// use selvedge_sync::{Condvar, Mutex};
    ///
    /// let shed = Arc::new((Arc::new(Mutex::new(false)), Condvar::new()));
    /// let theirs = shed.clone();
    /// let waits = thread::spawn(move || {
    ///     let mut is_open = theirs.0.clone().blocking_lock_owned();
    ///     while !*is_open {
    ///         is_open = theirs.1.blocking_wait_owned(is_open);
    ///     }
    /// });
    /// *shed.0.blocking_lock() = true;
    /// shed.1.notify_all();
    /// waits.join().unwrap();
    /// ```
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_wait_owned<T: ?Sized>(&self, guard: OwnedMutexGuard<T>) -> OwnedMutexGuard<T> {
        crate::raw::block::block_on(self.wait_owned(guard))
    }

    /// As [`wait_while`](Self::wait_while), and parks the calling thread meanwhile.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_wait_while<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
        condition: impl FnMut(&mut T) -> bool,
    ) -> MutexGuard<'a, T> {
        crate::raw::block::block_on(self.wait_while(guard, condition))
    }

    /// As [`wait_while_owned`](Self::wait_while_owned), and parks the calling thread meanwhile.
    #[cfg(any(feature = "std", selvedge_loom))]
    #[track_caller]
    pub fn blocking_wait_while_owned<T: ?Sized>(
        &self,
        guard: OwnedMutexGuard<T>,
        condition: impl FnMut(&mut T) -> bool,
    ) -> OwnedMutexGuard<T> {
        crate::raw::block::block_on(self.wait_while_owned(guard, condition))
    }

    /// Lets the one go on who has waited longest.
    #[doc(alias = "notify")]
    #[inline]
    pub fn notify_one(&self) {
        self.notify(1, Ask::One);
    }

    /// Lets the `n` go on who have waited longest.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{sync::Arc, thread};
    ///
    /// use selvedge_sync::{Condvar, Mutex};
    ///
    /// let shed = Arc::new((Mutex::new(false), Condvar::new()));
    /// let waiting: Vec<_> = (0..2)
    ///     .map(|_| {
    ///         let shed = shed.clone();
    ///         thread::spawn(move || {
    ///             let (is_open, changed) = &*shed;
    ///             let guard = changed.blocking_wait_while(is_open.blocking_lock(), |open| !*open);
    ///             assert!(*guard);
    ///         })
    ///     })
    ///     .collect();
    /// *shed.0.blocking_lock() = true;
    /// shed.1.notify_n(2);
    /// for thread in waiting {
    ///     thread.join().unwrap();
    /// }
    /// ```
    #[inline]
    pub fn notify_n(&self, n: usize) {
        self.notify(n, Ask::One);
    }

    /// Lets all go on who wait now.
    #[inline]
    pub fn notify_all(&self) {
        self.notify(usize::MAX, Ask::All);
    }

    /// How many wait: a look that is old by the time it returns.
    ///
    /// # Examples
    ///
    /// ```
    /// let condvar = selvedge_sync::Condvar::new();
    /// condvar.notify_one(); // for nobody
    /// assert_eq!(condvar.statistics().waiting, 0);
    /// ```
    #[must_use]
    pub fn statistics(&self) -> CondvarStatistics {
        CondvarStatistics { waiting: self.line.with(|queue| queue.len()) }
    }

    #[inline]
    fn notify(&self, n: usize, kind: Ask) {
        // Whoever changed what is waited for held the mutex after those who wait gave it back, so
        // that it sees them here without an ordering of its own (invariant 2).
        if self.waiting.load(Relaxed) {
            self.grant(n, kind);
        }
    }

    #[cold]
    #[inline(never)]
    fn grant(&self, n: usize, kind: Ask) {
        let mut left = None;
        in_batches(|wakes| {
            self.line.with(|queue| {
                // Counted once: who lines up between two batches came after the notification.
                let left =
                    left.get_or_insert_with(|| if n > BATCH { n.min(queue.len()) } else { n });
                while *left > 0 && !queue.is_empty() {
                    if wakes.is_full() {
                        return !mutant!("a batch is all");
                    }
                    *left -= 1;
                    op!(self.label, "notifies");
                    wakes.push(queue.grant(kind));
                }
                self.waiting.store(!queue.is_empty(), Relaxed);
                false
            })
        });
    }
}

/// What [`Condvar::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CondvarStatistics {
    /// How many tasks and threads waited to be notified.
    pub waiting: usize,
}

/// How one who waits was notified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// In the place of another, who has it if this one is cancelled.
    One,
    /// Along with all others: there is nobody to hand it on to.
    All,
}

/// What a wait holds once it is notified.
#[derive(Clone, Copy, Debug)]
struct Notified(Ask);

impl Asks<Ask> for Notified {
    fn ask(self) -> Ask {
        self.0
    }

    fn granted(ask: Ask) -> Self {
        Self(ask)
    }
}

impl Turns for Condvar {
    type Ask = Ask;

    #[inline(always)]
    fn line(&self) -> &Line<Ask> {
        &self.line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    /// What has been is over: a notification comes after the wait for it.
    #[inline(always)]
    fn try_take(&self, _: Ask) -> Answer<Ask> {
        Answer::Wait
    }

    fn admit(&self, _: Ask, _: Place, _: &Queue<Ask>) -> Answer<Ask> {
        self.waiting.store(true, Relaxed);
        Answer::Wait
    }

    fn give_back(&self, ask: Ask) {
        // Past the look at `waiting`: whoever is cancelled need not have held the mutex of late.
        if ask == Ask::One {
            self.grant(1, Ask::One);
        }
    }

    fn left(&self, _: bool, queue: &mut Queue<Ask>, _: &mut WakeList) -> bool {
        let all_gone = queue.is_empty() || mutant!("who leaves takes the others along");
        self.waiting.store(!all_gone, Relaxed);
        false
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Condvar {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

impl fmt::Debug for Condvar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.statistics().waiting;
        f.debug_struct("Condvar").field("waiting", &waiting).finish_non_exhaustive()
    }
}

impl Default for Condvar {
    fn default() -> Self {
        Self::new()
    }
}
