//! The end of a program, in phases.
//!
//! What a phase has is made of a token, a tracker and a reaper; here is the order in which they are
//! gone through. There is no state word: whoever runs the shutdown has it alone.
//!
//! ```text
//!            ╭─ the deadline passes ──────────────────────────────────╮
//!  cancel ──►│ tasks, with `run` ──► none ──► `drain` ──► none, still? ├──► report, next phase
//!            ╰────────▲───────────────────────────────────────┬───────╯
//!                     ╰────────── a cleanup tracked a task ───╯
//! ```
//!
//! Invariants:
//! 1. `progress` is all that a run leaves behind, and is enough to go on: what a phase does at its
//!    begin can be done twice.
//! 2. `driver` is there exactly while a phase has begun in this run; without `tasks` it is a drain.

use alloc::{borrow::Cow, vec::Vec};
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use std::time::Instant;

use pin_project_lite::pin_project;
use selvedge_sync::raw::shim::mutant;
use selvedge_timer::{Current, Sleep, Timer, never, sleep_until_on};

use crate::{CancellationToken, Reaper, Reason, Report, Run, TaskTracker, TaskTrackerWaitFuture};

/// Ends a program in phases, and tells what did not end.
///
/// Each [phase](Self::phase) in turn is told to stop by its token; then its tasks are waited for
/// and its cleanups driven, until none is left or the phase's time is over. What is left then stays
/// as it is: it is reported, and the next phase begins.
///
/// Nothing is spawned: the cleanups run in the task that awaits [`run`](Self::run). Dropping a
/// `Shutdown` cancels nothing.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::time::Duration;
///
/// use selvedge_context::Shutdown;
///
/// let mut shutdown = Shutdown::new();
/// let requests = shutdown.phase_within("requests", Duration::from_secs(5));
/// let database = shutdown.phase("database");
///
/// let stop = requests.token().clone();
/// let request = async move { stop.cancelled().await };
/// requests.tracker().spawn_on(request, |task| std::thread::spawn(|| pollster::block_on(task)));
/// drop(database.reaper().guard("connection", async |_, _| println!("goodbye")));
///
/// let report = shutdown.run("terminated").await;
/// assert!(report.is_complete(), "{report}");
/// assert_eq!(report.phases[1].cleanups.done, 1);
/// # });
/// ```
#[derive(Debug)]
pub struct Shutdown {
    token: CancellationToken,
    phases: Vec<Phase>,
    progress: Progress,
}

/// How far it got.
#[derive(Debug, Default)]
struct Progress {
    ended: Vec<PhaseReport>,
    /// When the phase after those began, and with how many tasks.
    began: Option<(Instant, usize)>,
}

impl Shutdown {
    /// One without phases.
    #[must_use]
    pub fn new() -> Self {
        Self::of(CancellationToken::new())
    }

    /// One whose tokens are cancelled with `parent` as well: all at once, and before their turn.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_context::{CancellationToken, Shutdown};
    ///
    /// let program = CancellationToken::new();
    /// let mut shutdown = Shutdown::under(&program);
    /// let requests = shutdown.phase("requests");
    /// program.cancel();
    /// assert!(requests.token().is_cancelled());
    /// ```
    #[must_use]
    pub fn under(parent: &CancellationToken) -> Self {
        Self::of(parent.child_token())
    }

    fn of(token: CancellationToken) -> Self {
        Self { token, phases: Vec::new(), progress: Progress::default() }
    }

    /// Adds a phase after those that are there. It may take for ever.
    pub fn phase(&mut self, name: impl Into<Cow<'static, str>>) -> Phase {
        self.phase_within(name, Duration::MAX)
    }

    /// Adds a phase after those that are there. The next one begins after `duration` at the latest;
    /// [`Duration::MAX`] is for ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use selvedge_context::Shutdown;
    ///
    /// let mut shutdown = Shutdown::new();
    /// let phase = shutdown.phase_within("uploads", Duration::from_millis(1));
    /// let _stuck = phase.tracker().token();
    /// let report = pollster::block_on(shutdown.run("terminated"));
    /// assert_eq!((report.phases[0].elapsed, report.phases[0].tasks_left), (true, 1));
    /// ```
    pub fn phase_within(
        &mut self,
        name: impl Into<Cow<'static, str>>,
        duration: Duration,
    ) -> Phase {
        let phase = Phase {
            name: name.into(),
            within: duration,
            token: self.token.child_token(),
            tracker: TaskTracker::new(),
            reaper: Reaper::new(),
        };
        self.phases.push(phase.clone());
        phase
    }

    /// Goes through the phases, by the thread's [current timer](Timer::enter).
    ///
    /// `reason` is what the phases' tokens are cancelled with. Cleanups are driven from the begin of
    /// their phase; the phase has ended when there is neither a task nor a cleanup, and that counts
    /// if its time is over at the same moment.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops where it is: tokens that are cancelled stay so, and cleanups stay in
    /// their reapers, as far as they got. Another call goes on from there. A phase that has begun
    /// keeps its deadline; should that have passed meanwhile, what is ready by then still counts.
    ///
    /// # Panics
    ///
    /// If no timer was entered and the timer's feature `thread` is off. The future panics if the
    /// timer's thread cannot be started, and passes on the panics of a
    /// [cancel](CancellationToken::cancel); another call goes on from there.
    #[track_caller]
    pub fn run(&mut self, reason: impl Into<Reason>) -> ShuttingDown<'_> {
        self.run_on(Current::get(), reason)
    }

    /// As [`run`](Self::run), by a timer of the caller's choice, borrowed or kept.
    ///
    /// # Cancel safety
    ///
    /// As for [`run`](Self::run). The call that goes on has to name the same timer.
    ///
    /// # Panics
    ///
    /// The future panics if the timer cannot run, and as for [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::Shutdown;
    /// use selvedge_timer::VirtualClock;
    ///
    /// let mut shutdown = Shutdown::new();
    /// let requests = shutdown.phase("requests");
    /// shutdown.run_on(&VirtualClock::new(), "over").await;
    /// assert!(requests.token().is_cancelled());
    /// # });
    /// ```
    pub fn run_on<T: Timer + Clone>(
        &mut self,
        timer: T,
        reason: impl Into<Reason>,
    ) -> ShuttingDown<'_, T> {
        ShuttingDown {
            phases: &self.phases,
            progress: &mut self.progress,
            reason: reason.into(),
            timer,
            tasks: None,
            driver: None,
            sleep: None,
        }
    }

    /// The parent of the phases' tokens: cancelling it tells all of them to stop, without waiting
    /// for their turn.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// What has become of the phases that have ended so far.
    #[must_use]
    pub fn report(&self) -> ShutdownReport {
        self.progress.report()
    }
}

impl Progress {
    fn report(&self) -> ShutdownReport {
        ShutdownReport { phases: self.ended.clone() }
    }
}

/// A part of a [`Shutdown`], for those who work until it comes. Clones are the same phase.
#[derive(Clone, Debug)]
pub struct Phase {
    name: Cow<'static, str>,
    within: Duration,
    token: CancellationToken,
    tracker: TaskTracker,
    reaper: Reaper,
}

impl Phase {
    /// What it is called in the report.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Is cancelled when the phase begins.
    #[must_use]
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Counts the tasks that the phase waits for. It is closed when the phase begins; tasks that
    /// come later are waited for all the same, until there is none.
    #[must_use]
    pub fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// Takes the cleanups that the phase drives. Before it begins, and after its time is over,
    /// somebody else may.
    ///
    /// A cleanup that kept the phase would keep the reaper, and so itself, for ever.
    #[must_use]
    pub fn reaper(&self) -> &Reaper {
        &self.reaper
    }
}

pin_project! {
    /// The future of [`Shutdown::run`]. Once it was ready it stays so.
    #[must_use = "futures do nothing unless polled"]
    pub struct ShuttingDown<'a, T: Timer = Current> {
        phases: &'a [Phase],
        progress: &'a mut Progress,
        reason: Reason,
        timer: T,
        #[pin]
        tasks: Option<TaskTrackerWaitFuture<'a>>,
        driver: Option<Run>,
        sleep: Option<Sleep<T>>,
    }
}

/// Waits until `phase` has neither tasks nor cleanups.
fn poll_phase<'a>(
    phase: &'a Phase,
    mut tasks: Pin<&mut Option<TaskTrackerWaitFuture<'a>>>,
    driver: &mut Run,
    cx: &mut Context<'_>,
) -> Poll<()> {
    loop {
        if let Some(waits) = tasks.as_mut().as_pin_mut() {
            if waits.poll(cx).is_ready() {
                tasks.set(None);
                *driver = phase.reaper.drain();
                if mutant!("a phase ends with its tasks") {
                    return Poll::Ready(());
                }
            }
        }
        if Pin::new(&mut *driver).poll(cx).is_pending() {
            return Poll::Pending;
        }
        // RACE: 1. A has waited for the tasks. 2. A cleanup, driven by A, tracks a task. 3. A finds no
        //       cleanup left, and ends with a task running. So A looks again at both, in that order:
        //       a task that ends has left its cleanups before.
        tasks.set(Some(phase.tracker.wait()));
        let waits = tasks.as_mut().as_pin_mut().expect("set just now");
        if waits.poll(cx).is_pending() && !mutant!("a phase looks at its tasks once") {
            *driver = phase.reaper.run();
            continue;
        }
        tasks.set(None);
        if phase.reaper.report().left == 0 {
            return Poll::Ready(());
        }
        *driver = phase.reaper.drain();
    }
}

impl<'a, T: Timer + Clone> Future for ShuttingDown<'a, T> {
    type Output = ShutdownReport;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<ShutdownReport> {
        let mut this = self.project();
        let phases: &'a [Phase] = this.phases;
        loop {
            let progress = &mut **this.progress;
            let Some(phase) = phases.get(progress.ended.len()) else {
                return Poll::Ready(progress.report());
            };
            let (start, tasks) =
                *progress.began.get_or_insert_with(|| (this.timer.now(), phase.tracker.len()));
            if this.driver.is_none() {
                // Both run other people's code, and may panic: again, then, in the next run (1).
                phase.tracker.close();
                phase.token.cancel_with(this.reason.clone());
                let end = start.checked_add(phase.within).filter(|end| *end < never());
                *this.sleep = end.map(|end| sleep_until_on(this.timer.clone(), end));
                this.tasks.set(Some(phase.tracker.wait()));
            }
            let driver = this.driver.get_or_insert_with(|| phase.reaper.run());
            let elapsed = if poll_phase(phase, this.tasks.as_mut(), driver, cx).is_ready() {
                false
            } else {
                match this.sleep.as_mut().map(|sleep| Pin::new(sleep).poll(cx)) {
                    Some(Poll::Ready(())) if !mutant!("a phase outlives its time") => true,
                    _ => return Poll::Pending,
                }
            };
            this.tasks.set(None);
            (*this.driver, *this.sleep) = (None, None);
            progress.began = None;
            progress.ended.push(PhaseReport {
                name: phase.name.clone(),
                took: this.timer.now().saturating_duration_since(start),
                elapsed,
                tasks,
                tasks_left: phase.tracker.len(),
                cleanups: phase.reaper.report(),
            });
        }
    }
}

/// What a [`Shutdown`] did, phase by phase; those that have not ended are not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// The phases that ended, in order.
    pub phases: Vec<PhaseReport>,
}

impl ShutdownReport {
    /// Whether nothing was left in any of them.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.phases.iter().all(PhaseReport::is_complete)
    }

    /// How long they took together.
    #[must_use]
    pub fn took(&self) -> Duration {
        self.phases.iter().map(|phase| phase.took).sum()
    }
}

/// What became of a phase of a [`Shutdown`], by the time it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhaseReport {
    /// What it is called.
    pub name: Cow<'static, str>,
    /// From its begin to its end.
    pub took: Duration,
    /// Whether its time was over first.
    pub elapsed: bool,
    /// How many tasks there were when it began.
    pub tasks: usize,
    /// How many there were when it ended.
    pub tasks_left: usize,
    /// The cleanups of its reaper, those before the shutdown included.
    pub cleanups: Report,
}

impl PhaseReport {
    /// Whether nothing was left when it ended.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.tasks_left == 0 && self.cleanups.left == 0
    }
}

/// A line for each phase.
impl fmt::Display for ShutdownReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, phase) in self.phases.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { "\n" })?;
            phase.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for PhaseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, took, tasks_left, cleanups, .. } = self;
        write!(f, "{name}: {took:?}, {tasks_left} tasks and {} cleanups left", cleanups.left)?;
        match cleanups.failed + cleanups.panicked {
            0 => Ok(()),
            failed => write!(f, ", {failed} cleanups failed"),
        }
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Timer> fmt::Debug for ShuttingDown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShuttingDown").field("ended", &self.progress.ended).finish_non_exhaustive()
    }
}
