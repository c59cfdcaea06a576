//! An event that is set and cleared by hand.
//!
//! # State
//!
//! One word. The line behind it ([`Line`]) has a lock of its own.
//!
//! ```text
//!   63                                        2         1         0
//! ┌────────────────────────────────────────────┬──────────┬──────────┐
//! │         times that it was cleared          │   SET    │ WAITERS  │
//! └────────────────────────────────────────────┴──────────┴──────────┘
//! ```
//!
//! `SET` and what is above it are one number, the *age*: setting and clearing add one to it each.
//!
//! | `SET` | `WAITERS` | meaning                                                       |
//! |:-----:|:---------:|---------------------------------------------------------------|
//! |   0   |     0     | not set, nobody in line                                       |
//! |   0   |     1     | not set; those in line wait, or a `set` before is under way   |
//! |   1   |     0     | set: nobody has to wait                                       |
//! |   1   |     1     | set, and those in line are being sent off                     |
//!
//! A future keeps the age at which it has to wait, that of the time when the event was not set, or
//! next will not be ([`Since`]). At every other age it is *due*. So a `set` reaches all that there
//! are, however soon it is cleared, and sends off no others, however many batches it takes: those
//! in line stand in the order of their ages.
//!
//! Invariant: `WAITERS` is set exactly while somebody is in line, and changes with the line locked
//! only.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::Ordering::{Acquire, Relaxed, Release},
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use crate::raw::{
    line::{Answer, Asks, Line, Place, Primitive, Queue, Turn, Turns, Wait},
    shim::{Label, atomic::AtomicUsize, const_in_build, mutant, op},
    wakers::{WakeList, in_batches},
};

const WAITERS: usize = 0b01;
const SET: usize = 0b10;
/// Adding it sets what is not set, and clears what is.
const STEP: usize = SET;
const AGE: usize = !WAITERS;

/// The one age at which a future waits, in the place where the word has it.
#[derive(Clone, Copy, Debug)]
pub struct Since(usize);

/// A flag that tasks wait for: set and cleared by hand, it lets through all or nobody.
///
/// Whoever waits is let through by the first [`set`](Self::set) after its future was made, even if
/// [`clear`](Self::clear) comes before it runs.
///
/// # Fairness
///
/// Those who wait are woken in the order of their first poll.
///
/// # Memory ordering
///
/// Whoever has waited sees everything that happened before the event was set, as does whoever has
/// cleared it.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_sync::Event;
///
/// static READY: Event = Event::new(false);
///
/// let server = std::thread::spawn(|| {
///     // Opens its files, and is then
///     READY.set();
/// });
/// READY.wait().await;
/// READY.wait().await;
/// assert!(READY.is_set());
///
/// READY.clear();
/// assert!(!READY.is_set());
/// # server.join().unwrap();
/// # });
/// ```
#[doc(alias = "asyncio.Event")]
#[doc(alias = "ManualResetEvent")]
pub struct Event {
    state: AtomicUsize,
    line: Line<Since>,
    label: Label,
}

impl Event {
    const_in_build! {
        /// An event, set or not.
        #[must_use]
        pub fn new(is_set: bool) -> Self {
            Self {
                state: AtomicUsize::new(if is_set { SET } else { 0 }),
                line: Line::new(),
                label: Label::new("event"),
            }
        }
    }

    /// Waits until the event is set; ready at once if it is.
    ///
    /// The future is let through by every [`set`](Self::set) from now on.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    pub fn wait(&self) -> EventWait<'_> {
        // ORDERING: Acquire pairs with the Release in `set`. It keeps what the caller reads next
        // behind it.
        // RACE: 1. A reads a flag, not set. 2. B sets it, sets the event and clears it. 3. A reads
        //       the age, B's steps included, waits for the next one, and sleeps for ever.
        let age = self.state.load(Acquire) & AGE;
        let since = Since(if age & SET == 0 { age } else { age.wrapping_add(STEP) });
        EventWait { wait: Wait::new(self, since) }
    }

    /// Parks the calling thread until the event is set.
    #[cfg(any(feature = "std", selvedge_loom))]
    pub fn blocking_wait(&self) {
        crate::raw::block::block_on(self.wait());
    }

    /// Sets the event: lets through all who wait, and all who come until it is
    /// [cleared](Self::clear).
    pub fn set(&self) {
        let mut state = self.state.load(Relaxed);
        let age = loop {
            let next = if state & SET == 0 { state.wrapping_add(STEP) } else { state };
            if next == state && mutant!("setting what is set publishes nothing") {
                return;
            }
            // ORDERING: Release pairs with the Acquires in `try_take`, `is_due`, `wait` and `clear`.
            // RACE: 1. A finds it set, and does nothing. 2. B, who was let through, clears it. 3. B
            //       looks for what A has left, and sees nothing. 4. B waits, and sleeps for ever. So
            //       A writes what is there already.
            match self.state.compare_exchange_weak(state, next, Release, Relaxed) {
                Ok(_) => break next & AGE,
                Err(now) => state = now,
            }
        };
        // With `SET`, whoever has set it sends them off.
        if state & (SET | WAITERS) == WAITERS {
            self.send_off(age);
        }
    }

    /// Clears the event: who comes from now on waits. Who was let through stays so.
    #[doc(alias = "reset")]
    pub fn clear(&self) {
        let mut state = self.state.load(Relaxed);
        while state & SET != 0 {
            let next = state.wrapping_add(STEP);
            // ORDERING: Acquire pairs with the Release in `set`: what is looked at after clearing
            // is as new as the last `set` before.
            match self.state.compare_exchange_weak(state, next, Acquire, Relaxed) {
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
    }

    /// Whether it is set: a look that may be old by the time it returns.
    #[must_use]
    pub fn is_set(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `set`: who finds it set need not wait to see
        // what came before.
        self.state.load(Acquire) & SET != 0
    }

    /// Whether it is set and how many wait: a look that is old by the time it returns.
    #[must_use]
    pub fn statistics(&self) -> EventStatistics {
        self.line.with(|queue| EventStatistics {
            is_set: self.state.load(Relaxed) & SET != 0,
            waiting: queue.len(),
        })
    }

    /// Sends off those who have waited since before `age`.
    #[cold]
    #[inline(never)]
    fn send_off(&self, age: usize) {
        op!(self.label, "set");
        in_batches(|wakes| {
            self.line.with(|queue| {
                // Below zero, were they signed.
                let came_before = |since: Since| since.0.wrapping_sub(age) > usize::MAX / 2;
                let more = queue.grant_while(wakes, |since| {
                    came_before(since) || mutant!("who came after it was cleared is let through")
                });
                self.note_empty(queue);
                more
            })
        });
    }

    /// The line is locked.
    fn note_empty(&self, queue: &Queue<Since>) {
        if queue.is_empty() {
            self.state.fetch_and(!WAITERS, Relaxed);
        }
    }
}

/// What [`Event::statistics`] saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventStatistics {
    /// Whether it was set.
    pub is_set: bool,
    /// How many tasks and threads stood in line.
    pub waiting: usize,
}

impl Turns for Event {
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
        // ORDERING: Acquire pairs with the Release in `set`; clearing goes on with it.
        let state = self.state.load(Acquire);
        if state & AGE == since.0 { Answer::Wait } else { Answer::Granted(since) }
    }

    fn admit(&self, since: Since, _: Place, _: &Queue<Since>) -> Answer<Since> {
        loop {
            let state = self.state.load(Relaxed);
            if state & AGE != since.0 {
                return self.try_take(since);
            }
            // RACE: 1. A finds it not set. 2. B sets it, finds nobody in line. 3. A lines up, and
            //       sleeps for ever. So A notes itself while it is still not set.
            if state & WAITERS != 0
                || self
                    .state
                    .compare_exchange_weak(state, state | WAITERS, Relaxed, Relaxed)
                    .is_ok()
            {
                return Answer::Wait;
            }
        }
    }

    fn give_back(&self, _: Since) {}

    fn left(&self, _: bool, _: &mut Queue<Since>, _: &mut WakeList) -> bool {
        false
    }

    #[inline(always)]
    fn is_due(&self, since: Since) -> bool {
        // ORDERING: Acquire pairs with the Release in `set`.
        self.state.load(Acquire) & AGE != since.0
    }

    fn stepped_out(&self, _: Since, queue: &Queue<Since>) {
        self.note_empty(queue);
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Event {
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
    /// The future of [`Event::wait`].
    #[must_use = "futures do nothing unless polled"]
    pub struct EventWait<'a> {
        #[pin]
        wait: Wait<&'a Event, Since>,
    }
}

impl Future for EventWait<'_> {
    type Output = ();

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll_turn(cx).map(|turn| _ = turn.map(Turn::into_handle))
    }
}

impl Default for Event {
    /// Not set.
    fn default() -> Self {
        Self::new(false)
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seen = self.statistics();
        f.debug_struct("Event")
            .field("is_set", &seen.is_set)
            .field("waiting", &seen.waiting)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EventWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventWait").finish_non_exhaustive()
    }
}
