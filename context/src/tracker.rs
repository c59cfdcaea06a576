//! A count of tasks, and a wait until it is closed and empty.
//!
//! # State
//!
//! One word. The line behind it ([`Line`]) has a lock of its own.
//!
//! ```text
//!   63                                              1         0
//! ┌──────────────────────────────────────────────────┬──────────┐
//! │                     tokens alive                 │  CLOSED  │
//! └──────────────────────────────────────────────────┴──────────┘
//! ```
//!
//! | tokens | `CLOSED` | meaning                                              |
//! |:------:|:--------:|------------------------------------------------------|
//! |   –    |    0     | open; who waits waits on                             |
//! |  not 0 |    1     | closed; the last token's end lets all go that wait   |
//! |   0    |    1     | ended: who comes goes through, nobody stays in line  |
//!
//! Invariant: whoever makes the word *ended*, by its last token or by `close`, empties the line
//! after that; whoever lines up has seen, with the line locked, that it is not ended.

use alloc::sync::Arc;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    sync::atomic::Ordering::{AcqRel, Acquire, Relaxed},
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use selvedge_sync::raw::{
    line::{Answer, Asks, Line, Place, Primitive, Queue, Turns, Wait},
    shim::{self, Label, atomic::AtomicUsize, mutant, op},
    wakers::{WakeList, in_batches},
};

use crate::raw::catch::swallow;

const CLOSED: usize = 0b01;
/// One token.
const ONE: usize = 0b10;
/// Closed, and empty.
const ENDED: usize = CLOSED;

/// Counts the tasks of a program, and waits for their end.
///
/// A task counts for as long as its [`TrackedFuture`] or its [token](Self::token) is alive: it
/// need not be collected when it has ended, and its output is gone with it. Clones are handles of
/// the same tracker.
///
/// The wait is over once the tracker is [closed](Self::close) and no task is left. New tasks can be
/// tracked all the same: closing says that an empty tracker is the end.
///
/// # Memory ordering
///
/// Whoever has waited sees what the tasks did.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::TaskTracker;
///
/// let tracker = TaskTracker::new();
/// for task in 0..3 {
///     let work = async move { println!("{task}") };
///     tracker.spawn_on(work, |work| std::thread::spawn(|| pollster::block_on(work)));
/// }
/// tracker.close();
/// tracker.wait().await;
/// assert!(tracker.is_empty());
/// # });
/// ```
#[doc(alias = "WaitGroup")]
#[derive(Clone)]
pub struct TaskTracker {
    core: Arc<Core>,
}

/// What a tracker is a handle of.
struct Core {
    state: AtomicUsize,
    line: Line<()>,
    label: Label,
}

impl TaskTracker {
    /// An open tracker without tasks.
    #[must_use]
    pub fn new() -> Self {
        let state = AtomicUsize::new(0);
        Self { core: Arc::new(Core { state, line: Line::new(), label: Label::new("tracker") }) }
    }

    /// Waits until the tracker is closed and no task is left.
    ///
    /// If that was so at any time since the first poll, the wait is over, whatever happened since.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    #[inline]
    pub fn wait(&self) -> TaskTrackerWaitFuture<'_> {
        TaskTrackerWaitFuture { wait: Wait::new(&*self.core, Ended) }
    }

    /// Lets the waits end once no task is left. Whether it was open.
    ///
    /// # Panics
    ///
    /// Passes a waker's panic on, after all the others were woken.
    #[expect(clippy::must_use_candidate, reason = "seldom of interest")]
    pub fn close(&self) -> bool {
        // ORDERING: Acquire pairs with the AcqRel in `leave`, of the tasks that ended before: this
        // call lets those go that wait.
        let before = self.core.state.fetch_or(CLOSED, Acquire);
        if before == 0 {
            self.core.open_the_door();
        }
        before & CLOSED == 0
    }

    /// Lets the waits go on when no task is left. Whether it was closed.
    #[expect(clippy::must_use_candidate, reason = "seldom of interest")]
    pub fn reopen(&self) -> bool {
        self.core.state.fetch_and(!CLOSED, Relaxed) & CLOSED != 0
    }

    /// Whether it is [closed](Self::close).
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.core.state.load(Relaxed) & CLOSED != 0
    }

    /// How many tasks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.core.state.load(Relaxed) / ONE
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A task for as long as it is alive, whatever holds it.
    pub fn token(&self) -> TaskTrackerToken {
        self.core.state.fetch_add(ONE, Relaxed);
        TaskTrackerToken { tracker: self.clone() }
    }

    /// Counts `future` for as long as it is alive, polled or not.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops `future`, which counts no more.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::TaskTracker;
    ///
    /// let tracker = TaskTracker::new();
    /// let job = tracker.track_future(async { 7 });
    /// assert!(TaskTracker::ptr_eq(tracker.token().task_tracker(), &tracker));
    /// assert_eq!(tracker.len(), 1);
    /// assert_eq!(job.await, 7);
    /// tracker.close();
    /// tracker.wait().await;
    /// tracker.reopen();
    /// assert!(!tracker.is_closed());
    /// # });
    /// ```
    pub fn track_future<F: Future>(&self, future: F) -> TrackedFuture<F> {
        TrackedFuture { future, token: self.token() }
    }

    /// Counts `task`, and has `executor` spawn it: what that returns is returned.
    ///
    /// # Examples
    ///
    /// ```
    /// # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    /// # runtime.block_on(async {
    /// let tracker = selvedge_context::TaskTracker::new();
    /// let task = tracker.spawn_on(async { 7 }, tokio::spawn);
    /// assert_eq!(task.await.unwrap(), 7);
    /// # });
    /// ```
    #[doc(alias = "spawn")]
    pub fn spawn_on<F: Future, R>(
        &self,
        task: F,
        executor: impl FnOnce(TrackedFuture<F>) -> R,
    ) -> R {
        executor(self.track_future(task))
    }

    /// Whether the two are handles of one tracker.
    #[must_use]
    pub fn ptr_eq(left: &Self, right: &Self) -> bool {
        Arc::ptr_eq(&left.core, &right.core)
    }

    /// How many wait for its end: a look that is old by the time it returns.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.core.line.with(|queue| queue.len())
    }
}

impl Core {
    /// One task has ended.
    #[inline]
    fn leave(&self) {
        // ORDERING: AcqRel pairs with the Acquire in `try_take` and `close`, and with itself: the
        // last to leave lets those go that wait, who see what every task did.
        let before = self.state.fetch_sub(ONE, AcqRel);
        if before == (ONE | CLOSED) && !mutant!("the last task leaves the line asleep") {
            // Called by a destructor.
            swallow(|| self.open_the_door());
        }
    }

    /// Lets all go that wait.
    #[cold]
    fn open_the_door(&self) {
        op!(self.label, "ended");
        in_batches(|wakes| {
            self.line.with(|queue| {
                while !queue.is_empty() {
                    if wakes.is_full() {
                        return true;
                    }
                    wakes.push(queue.grant(()));
                }
                false
            })
        });
    }
}

impl Turns for Core {
    type Ask = ();

    #[inline(always)]
    fn line(&self) -> &Line<()> {
        &self.line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    #[inline(always)]
    fn try_take(&self, (): ()) -> Answer<()> {
        // ORDERING: Acquire pairs with the AcqRel in `leave`, also past a `close`.
        match self.state.load(Acquire) {
            ENDED => Answer::Granted(()),
            _ => Answer::Wait,
        }
    }

    fn admit(&self, (): (), _: Place, _: &Queue<()>) -> Answer<()> {
        // RACE: 1. A finds a task. 2. It ends, and B empties the line. 3. A lines up, and sleeps
        //       for ever. So A looks again with the line locked.
        if mutant!("who waits for tasks looks once") { Answer::Wait } else { self.try_take(()) }
    }

    #[inline(always)]
    fn give_back(&self, (): ()) {}

    fn left(&self, _: bool, _: &mut Queue<()>, _: &mut WakeList) -> bool {
        false
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Core {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

/// There is one thing to wait for.
#[derive(Clone, Copy, Debug)]
struct Ended;

impl Asks<()> for Ended {
    #[inline(always)]
    fn ask(self) {}

    #[inline(always)]
    fn granted((): ()) -> Self {
        Self
    }
}

/// One task of a tracker ([`TaskTracker::token`]).
///
/// Should it be the last one, a waker that panics when it goes is silenced: this is a destructor.
#[must_use = "the task ends when its token goes"]
pub struct TaskTrackerToken {
    tracker: TaskTracker,
}

impl TaskTrackerToken {
    /// The tracker that counts it.
    #[must_use]
    pub fn task_tracker(&self) -> &TaskTracker {
        &self.tracker
    }
}

/// Another task.
impl Clone for TaskTrackerToken {
    fn clone(&self) -> Self {
        self.tracker.token()
    }
}

impl Drop for TaskTrackerToken {
    fn drop(&mut self) {
        if !shim::doomed() {
            self.tracker.core.leave();
        }
    }
}

pin_project! {
    /// A future that a tracker counts ([`TaskTracker::track_future`]).
    #[must_use = "futures do nothing unless polled"]
    pub struct TrackedFuture<F> {
        // Before the token: the task has ended once it is dropped.
        #[pin]
        future: F,
        token: TaskTrackerToken,
    }
}

pin_project! {
    /// The future of [`TaskTracker::wait`].
    #[must_use = "futures do nothing unless polled"]
    pub struct TaskTrackerWaitFuture<'a> {
        #[pin]
        wait: Wait<&'a Core, Ended>,
    }
}

impl<F: Future> Future for TrackedFuture<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().future.poll(cx)
    }
}

impl Future for TaskTrackerWaitFuture<'_> {
    type Output = ();

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.project().wait.poll_turn(cx).map(drop)
    }
}

impl Default for TaskTracker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TaskTracker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.core.state.load(Relaxed);
        f.debug_struct("TaskTracker")
            .field("len", &(state / ONE))
            .field("is_closed", &(state & CLOSED != 0))
            .finish()
    }
}

impl fmt::Debug for TaskTrackerToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTrackerToken").field("tracker", &self.tracker).finish()
    }
}

impl<F> fmt::Debug for TrackedFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackedFuture").field("token", &self.token).finish_non_exhaustive()
    }
}

impl fmt::Debug for TaskTrackerWaitFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskTrackerWaitFuture").finish_non_exhaustive()
    }
}
