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
    sync::atomic::Ordering::{Acquire, Relaxed},
};

use crate::raw::{
    line::{Line, Wait},
    shim::{Label, atomic::AtomicUsize, const_in_build},
};

#[cfg(feature = "auto_reset_event")]
pub(crate) use self::futures::keep;
pub use self::futures::{Notified, OwnedNotified};

mod futures;
mod turns;

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
