//! A notification: one that is kept for whoever comes, or one for all who are there.
//!
//! # State
//!
//! One word. The line behind it ([`Line`]) has a lock of its own.
//!
//! ```text
//!   63                                        2         1         0
//! ┌────────────────────────────────────────────┬──────────┬──────────┐
//! │             calls to notify_waiters        │ WAITERS  │  PERMIT  │
//! └────────────────────────────────────────────┴──────────┴──────────┘
//! ```
//!
//! | `WAITERS` | `PERMIT` | meaning                                                     |
//! |:---------:|:--------:|-------------------------------------------------------------|
//! |     0     |    0     | nothing kept, nobody in line                                |
//! |     0     |    1     | `notify_one` was called with nobody in line                 |
//! |     1     |    0     | somebody is in line                                         |
//! |     1     |    1     | never: a notification goes to who is in line                |
//!
//! A future keeps the number of calls at its creation ([`Since`]). It is *due* once the word has
//! another: `notify_waiters` changes the word first, and sends off those in line after that, batch
//! after batch. A future that is due takes no place in line, so the line is in the order of the
//! numbers: first those who are due, then those who came after them.
//!
//! Invariants:
//! 1. `WAITERS` is set exactly while somebody is in line.
//! 2. While `WAITERS` is set, and when it changes, the word changes with the line locked only.
//! 3. Nobody in line stands behind one who is less due.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::raw::{
    line::{Answer, Asks, Handle, Line, Place, Primitive, Queue, Turn, Turns, Wait},
    shim::{Label, atomic::AtomicUsize, const_in_build, mutant, op},
    wakers::{Wake, WakeList, in_batches},
};

const PERMIT: usize = 0b001;
const WAITERS: usize = 0b010;
/// One call to `notify_waiters`.
const CALL: usize = 0b100;
const CALLS: usize = !(PERMIT | WAITERS);

/// The number of calls that a future knows of, in the place where the word has it.
///
/// The bits below say, of one that was notified, by whom: by `notify_waiters` if they are 0.
#[derive(Clone, Copy, Debug)]
pub struct Since(usize);

const BY_ONE: usize = 0b01;
const BY_LAST: usize = 0b10;

/// Wakes one task or all of them, without a value.
///
/// `notify_one` is a permit: with nobody in line it is kept, once, for the next who comes.
/// `notify_waiters` reaches all futures that were made before it, polled or not, and keeps
/// nothing.
///
/// # Fairness
///
/// First come, first served, in the order of the first poll or of [`enable`](Notified::enable);
/// [`notify_last`](Self::notify_last) takes the other end.
///
/// # Memory ordering
///
/// Whoever is notified sees everything that the notifier did before. Several `notify_one`s that
/// were kept as one are all seen.
///
/// # Examples
///
/// A flag and a notification; the future is made before the flag is looked at, so that none is
/// missed in between.
///
/// ```
/// # pollster::block_on(async {
/// use std::sync::{
///     Arc,
///     atomic::{AtomicBool, Ordering::Relaxed},
/// };
///
/// use selvedge_sync::Notify;
///
/// let shared = Arc::new((AtomicBool::new(false), Notify::new()));
/// let other = shared.clone();
/// let thread = std::thread::spawn(move || {
///     other.0.store(true, Relaxed);
///     other.1.notify_waiters();
/// });
///
/// loop {
///     let notified = shared.1.notified();
///     if shared.0.load(Relaxed) {
///         break;
///     }
///     notified.await;
/// }
/// # thread.join().unwrap();
/// # });
/// ```
#[doc(alias = "WaitQueue")]
pub struct Notify {
    state: AtomicUsize,
    line: Line<Since>,
    label: Label,
}

impl Notify {
    const_in_build! {
        /// With nothing kept.
        #[must_use]
        pub fn new() -> Self {
            Self::with(false)
        }
    }

    const_in_build! {
        /// With a notification kept, or not.
        pub(crate) fn with(kept: bool) -> Self {
            Self {
                state: AtomicUsize::new(if kept { PERMIT } else { 0 }),
                line: Line::new(),
                label: Label::new("notify"),
            }
        }
    }

    const_in_build! {
        /// As [`new`](Self::new), under tokio's name for it.
        #[must_use]
        pub fn const_new() -> Self {
            Self::new()
        }
    }

    /// Waits for a notification.
    ///
    /// The future is reached by every [`notify_waiters`](Self::notify_waiters) from now on, and by
    /// [`notify_one`](Self::notify_one) from its first poll on, or from
    /// [`enable`](Notified::enable). Once it was ready it stays so.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line. A `notify_one` that had already been given to
    /// it goes to the next in line, or is kept.
    #[inline]
    pub fn notified(&self) -> Notified<'_> {
        let since = self.since();
        Notified { wait: Wait::new(self, since) }
    }

    /// As [`notified`](Self::notified), and keeps the `Notify` alive.
    ///
    /// # Cancel safety
    ///
    /// As for [`notified`](Self::notified).
    #[inline]
    pub fn notified_owned(self: Arc<Self>) -> OwnedNotified {
        let since = self.since();
        OwnedNotified { wait: Wait::new(self, since) }
    }

    /// Parks the calling thread until it is notified.
    #[cfg(any(feature = "std", selvedge_loom))]
    pub fn blocking_notified(&self) {
        crate::raw::block::block_on(self.notified());
    }

    /// Notifies the first in line; with nobody in line the notification is kept for the next who
    /// comes. One is kept at most.
    #[doc(alias = "set")]
    #[inline]
    pub fn notify_one(&self) {
        if self.without_waiters(|state| state | PERMIT).is_err() {
            self.pass(BY_ONE);
        }
    }

    /// As [`notify_one`](Self::notify_one), for the last in line.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::{pin::pin, sync::Arc};
    ///
    /// use selvedge_sync::Notify;
    ///
    /// static NEWS: Notify = Notify::const_new();
    ///
    /// let news = Arc::new(Notify::new());
    /// let mut first = pin!(news.clone().notified_owned());
    /// let mut last = pin!(news.clone().notified_owned());
    /// // In line from here on, without a poll.
    /// assert!(!first.as_mut().enable());
    /// assert!(!last.as_mut().enable());
    /// news.notify_last();
    /// last.await;
    /// news.notify_one();
    /// first.await;
    ///
    /// NEWS.notify_one();
    /// NEWS.blocking_notified(); // at once: it was kept
    /// # });
    /// ```
    #[inline]
    pub fn notify_last(&self) {
        if self.without_waiters(|state| state | PERMIT).is_err() {
            self.pass(BY_LAST);
        }
    }

    /// Notifies all futures that there are now, polled or not. Nothing is kept for those who come
    /// later, and what [`notify_one`](Self::notify_one) has kept stays.
    ///
    /// They are woken in the order in which they stand in line. Whoever comes meanwhile, even from
    /// within a waker, is not woken.
    #[doc(alias = "notify_all")]
    #[inline]
    pub fn notify_waiters(&self) {
        if self.without_waiters(|state| state.wrapping_add(CALL)).is_err() {
            self.call_all();
        }
    }

    /// How many stand in line, and whether a notification is kept: a look that is old by the time
    /// it returns.
    #[must_use]
    pub fn statistics(&self) -> NotifyStatistics {
        self.line.with(|queue| NotifyStatistics {
            waiting: queue.len(),
            kept: self.state.load(Relaxed) & PERMIT != 0,
        })
    }

    /// Whether a notification is kept.
    #[cfg(feature = "auto_reset_event")]
    pub(crate) fn is_kept(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `without_waiters`: who finds it kept sees what
        // came before.
        self.state.load(Acquire) & PERMIT != 0
    }

    /// Takes back what is kept.
    #[cfg(feature = "auto_reset_event")]
    pub(crate) fn take_back(&self) {
        let mut state = self.state.load(Relaxed);
        while state & PERMIT != 0 {
            // ORDERING: Acquire pairs with the Release in `without_waiters`: what is looked at next
            // is as new as the last notification that was taken back.
            match self.state.compare_exchange_weak(state, state & !PERMIT, Acquire, Relaxed) {
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
    }

    #[inline]
    pub(crate) fn since(&self) -> Since {
        // ORDERING: Acquire pairs with the Releases in `without_waiters` and `set`. It keeps what
        // the caller reads next behind it.
        // RACE: 1. A reads a flag, not set. 2. B sets it and calls `notify_waiters`. 3. A reads the
        //       number of calls, B's included, waits for the next one, and sleeps for ever.
        Since(self.state.load(Acquire) & CALLS)
    }

    /// Changes the word, unless somebody is in line.
    #[inline(always)]
    fn without_waiters(&self, next: impl Fn(usize) -> usize) -> Result<(), usize> {
        let mut state = self.state.load(Relaxed);
        while state & WAITERS == 0 {
            if mutant!("a second notification publishes nothing") && next(state) == state {
                return Ok(());
            }
            // ORDERING: Release pairs with the Acquires in `try_take` and `since`. Also when the
            // word stays as it is: each notifier is seen by who is notified.
            match self.state.compare_exchange_weak(state, next(state), Release, Relaxed) {
                Ok(_) => return Ok(()),
                Err(now) => state = now,
            }
        }
        Err(state)
    }

    /// Changes the word while somebody is, or just was, in line. The line is locked.
    #[inline]
    fn set(&self, state: usize) {
        // ORDERING: Release pairs with the Acquires in `try_take` and `since`. What it replaces was
        // written by a holder of the line's lock, and so is published along.
        self.state.store(state, Release);
    }

    /// Gives a notification to one in line.
    #[cold]
    #[inline(never)]
    fn pass(&self, by: usize) {
        let passed = self.line.with(|queue| {
            let calls = self.state.load(Relaxed) & CALLS;
            // Those who are due have their notification, and get no other.
            let is_due = |since: Since| since.0 != calls && !mutant!("who is due gets two");
            (!queue.first().is_some_and(is_due)).then(|| self.pass_to(calls, by, queue))
        });
        match passed {
            Some(wake) => wake.wake(),
            None => self.pass_behind(by),
        }
    }

    /// As [`pass`](Self::pass), to those who stand behind others who are due; they go first.
    #[cold]
    fn pass_behind(&self, by: usize) {
        in_batches(|wakes| {
            self.line.with(|queue| {
                let calls = self.state.load(Relaxed) & CALLS;
                let more = queue.grant_while(wakes, |since| since.0 != calls) || wakes.is_full();
                if !more {
                    wakes.push(self.pass_to(calls, by, queue));
                }
                more
            })
        });
    }

    /// Gives a notification to one in line, of whom none is due; keeps it if the line is empty.
    #[inline]
    fn pass_to(&self, calls: usize, by: usize, queue: &mut Queue<Since>) -> Wake {
        if queue.is_empty() {
            // RACE: 1. A finds somebody in line. 2. They leave. 3. A has nobody to notify. So A
            //       does again what it would have done in the first place.
            if self.without_waiters(|state| state | PERMIT).is_err() {
                self.set(calls | PERMIT);
            }
            return Wake::NOBODY;
        }
        op!(self.label, "notifies one");
        let to = Since(calls | by);
        let wake = if by == BY_LAST { queue.grant_last(to) } else { queue.grant(to) };
        if queue.is_empty() {
            self.set(calls);
        }
        wake
    }

    /// Sends off all who are in line.
    #[cold]
    #[inline(never)]
    fn call_all(&self) {
        let mut called = false;
        in_batches(|wakes| {
            self.line.with(|queue| {
                if !called {
                    called = true;
                    op!(self.label, "notifies all");
                    // Nobody is in line any more.
                    if self.without_waiters(|state| state.wrapping_add(CALL)).is_ok() {
                        return false;
                    }
                    self.set(self.state.load(Relaxed).wrapping_add(CALL));
                }
                let state = self.state.load(Relaxed);
                let due = |since: Since| since.0 != state & CALLS || mutant!("newcomers are woken");
                let more = queue.grant_while(wakes, due);
                if queue.is_empty() && state & WAITERS != 0 {
                    self.set(state & CALLS);
                }
                more
            })
        });
    }
}

/// What [`Notify::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotifyStatistics {
    /// How many tasks and threads stood in line.
    pub waiting: usize,
    /// Whether a notification was kept for the next who comes.
    pub kept: bool,
}

impl Turns for Notify {
    type Ask = Since;

    #[inline(always)]
    fn line(&self) -> &Line<Since> {
        &self.line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    #[inline(always)]
    fn try_take(&self, since: Since) -> Answer<Since> {
        loop {
            // ORDERING: Acquire pairs with the Releases in `without_waiters` and `set`, of
            // `notify_waiters`.
            let state = self.state.load(Acquire);
            if state & CALLS != since.0 {
                return Answer::Granted(since);
            }
            if state & PERMIT == 0 {
                return Answer::Wait;
            }
            // ORDERING: Acquire pairs with the Releases in `without_waiters` and `set`, of
            // `notify_one`: another may have come since the load.
            let next = state & !PERMIT;
            if self.state.compare_exchange_weak(state, next, Acquire, Relaxed).is_ok() {
                return Answer::Granted(Since(since.0 | BY_ONE));
            }
        }
    }

    fn admit(&self, since: Since, _: Place, _: &Queue<Since>) -> Answer<Since> {
        loop {
            let state = self.state.load(Relaxed);
            // RACE: 1. A finds nothing. 2. B notifies, finds nobody. 3. A lines up, and sleeps for
            //       ever. So A lines up only while the word says that there is nothing for it.
            let lines_up = state == since.0 | WAITERS
                || (state == since.0
                    && self
                        .state
                        .compare_exchange_weak(state, state | WAITERS, Relaxed, Relaxed)
                        .is_ok());
            if lines_up {
                return Answer::Wait;
            }
            if let Answer::Granted(by) = self.try_take(since) {
                return Answer::Granted(by);
            }
        }
    }

    /// A notification that was given to somebody who left goes on as it came.
    #[inline]
    fn give_back(&self, by: Since) {
        match by.0 & !CALLS {
            BY_ONE => self.notify_one(),
            BY_LAST => self.notify_last(),
            _ => {}
        }
    }

    fn left(&self, _: bool, _: &mut Queue<Since>, _: &mut WakeList) -> bool {
        false
    }

    #[inline(always)]
    fn is_due(&self, since: Since) -> bool {
        self.state.load(Relaxed) & CALLS != since.0 && !mutant!("some are due before others")
    }

    fn stepped_out(&self, _: Since, queue: &Queue<Since>) {
        if queue.is_empty() {
            self.set(self.state.load(Relaxed) & CALLS);
        }
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Notify {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

impl Asks<Since> for Since {
    #[inline(always)]
    fn ask(self) -> Since {
        self
    }

    #[inline(always)]
    fn granted(since: Since) -> Self {
        since
    }
}

pin_project! {
    /// The future of [`Notify::notified`].
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::pin::pin;
    ///
    /// use selvedge_sync::Notify;
    ///
    /// let (news, list) = (Notify::new(), std::sync::Mutex::new(Vec::new()));
    /// let mut told = pin!(news.notified());
    /// // In line from now on, and not only from the first poll: what comes between the look at the list
    /// // and the wait is not missed.
    /// told.as_mut().enable();
    /// assert!(list.lock().unwrap().is_empty());
    /// list.lock().unwrap().push("a line");
    /// news.notify_waiters();
    /// told.await;
    /// assert_eq!(list.lock().unwrap().len(), 1);
    /// # });
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Notified<'a> {
        #[pin]
        wait: Wait<&'a Notify, Since>,
    }
}

pin_project! {
    /// The future of [`Notify::notified_owned`].
    #[must_use = "futures do nothing unless polled"]
    pub struct OwnedNotified {
        #[pin]
        wait: Wait<Arc<Notify>, Since>,
    }
}

impl Notified<'_> {
    /// Takes the place in line now, without a poll; whether a notification has come already.
    ///
    /// A notification that comes later makes the next poll ready. One that this has found is used
    /// up: the future is ready, and dropping it passes nothing on.
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn enable(self: Pin<&mut Self>) -> bool {
        enable(self.project().wait)
    }
}

impl OwnedNotified {
    /// As [`Notified::enable`].
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn enable(self: Pin<&mut Self>) -> bool {
        enable(self.project().wait)
    }
}

fn enable<H: Handle<Target = Notify>>(wait: Pin<&mut Wait<H, Since>>) -> bool {
    wait.handle().is_none() || keep(wait.enter()).is_ready()
}

/// A notification that was received is not given back.
#[inline(always)]
pub(crate) fn keep<H: Handle<Target = Notify>>(turn: Poll<Option<Turn<H, Since>>>) -> Poll<()> {
    turn.map(|turn| drop(turn.map(Turn::into_handle)))
}

impl Future for Notified<'_> {
    type Output = ();

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let wait = self.project().wait;
        if wait.handle().is_none() { Poll::Ready(()) } else { keep(wait.poll_turn(cx)) }
    }
}

impl Future for OwnedNotified {
    type Output = ();

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let wait = self.project().wait;
        if wait.handle().is_none() { Poll::Ready(()) } else { keep(wait.poll_turn(cx)) }
    }
}

impl Default for Notify {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Notify {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.statistics();
        f.debug_struct("Notify")
            .field("waiting", &seen.waiting)
            .field("kept", &seen.kept)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Notified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified").finish_non_exhaustive()
    }
}

impl fmt::Debug for OwnedNotified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedNotified").finish_non_exhaustive()
    }
}
