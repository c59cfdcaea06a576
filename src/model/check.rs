//! How far a check goes, and what it found.

use core::{fmt, time::Duration};
use std::{borrow::ToOwned, collections::BTreeSet, env, path::PathBuf, string::String, thread};

use super::{Design, Timeline, engine};

/// Checks `design` in every schedule with up to two preemptions.
///
/// # Panics
///
/// If a schedule fails, with the schedule as a table.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use selvedge::{model, sync::Semaphore};
///
/// model::check(|d| {
///     let looms = Arc::new(Semaphore::new(1));
///     for name in ["one", "two"] {
///         let looms = looms.clone();
///         d.cancellable(name, async move { drop(looms.acquire().await) });
///     }
///     d.after(move || assert_eq!(looms.available_permits(), 1));
/// });
/// ```
#[track_caller]
pub fn check(design: impl Fn(&mut Design) + Send + Sync + 'static) {
    Check::new().run(design).unwrap();
}

/// How far a check goes.
///
/// `LOOM_MAX_PREEMPTIONS`, `LOOM_MAX_DURATION` (seconds), `LOOM_MAX_BRANCHES`, `SELVEDGE_ROUNDS` and
/// `SELVEDGE_SEED` overrule what the program says.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use selvedge::{model::Check, sync::Mutex};
///
/// // Three preemptions instead of two, a name of its own, and no more than 50 rounds as a stress test.
/// let check = Check::new().named("two writers").preemptions(3).rounds(50);
/// let report = check.run(|d| {
///     let cloth = Arc::new(Mutex::new(0));
///     for name in ["one", "two"] {
///         let cloth = cloth.clone();
///         d.task(name, async move { *cloth.lock().await += 1 });
///     }
///     d.after(move || assert_eq!(*cloth.try_lock().unwrap(), 2));
/// });
/// report.unwrap();
/// ```
#[derive(Clone, Debug)]
#[must_use = "a check does nothing until it is run"]
pub struct Check {
    pub(super) name: String,
    pub(super) preemptions: Option<usize>,
    pub(super) max_duration: Option<Duration>,
    pub(super) max_branches: usize,
    pub(super) frozen: bool,
    pub(super) rounds: usize,
    pub(super) seed: u64,
}

impl Default for Check {
    fn default() -> Self {
        Self::new()
    }
}

impl Check {
    /// Up to two preemptions, however long it takes; named after the running test.
    pub fn new() -> Self {
        let name = thread::current().name().unwrap_or("model").replace("::", "-");
        let number = |key| env::var(key).ok().and_then(|value: String| value.parse().ok());
        Self {
            name,
            preemptions: Some(number("LOOM_MAX_PREEMPTIONS").unwrap_or(2)),
            max_duration: number("LOOM_MAX_DURATION").map(|n| Duration::from_secs(n as u64)),
            max_branches: number("LOOM_MAX_BRANCHES").unwrap_or(10_000),
            frozen: false,
            rounds: number("SELVEDGE_ROUNDS").unwrap_or(200),
            seed: number("SELVEDGE_SEED").map_or(1, |n| n as u64),
        }
    }

    /// Explores up to `n` preemptions: switches away from a task that could go on. Two find nearly
    /// every bug.
    pub fn preemptions(mut self, n: usize) -> Self {
        if env::var_os("LOOM_MAX_PREEMPTIONS").is_none() {
            self.preemptions = Some(n);
        }
        self
    }

    /// Explores every schedule there is.
    pub fn unbounded(mut self) -> Self {
        self.preemptions = None;
        self
    }

    /// Gives up after `limit`. A search that was cut has not passed.
    pub fn max_duration(mut self, limit: Duration) -> Self {
        self.max_duration = Some(limit);
        self
    }

    /// Lets time stand still: no timer of [`Design::clock`] fires, and whoever needs one sleeps for
    /// ever. What passes so does not owe its wake-ups to a timeout.
    pub fn frozen(mut self) -> Self {
        self.frozen = true;
        self
    }

    /// How many steps a schedule may have.
    pub fn max_branches(mut self, n: usize) -> Self {
        self.max_branches = n;
        self
    }

    /// What the failure and its pictures are called.
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// How many rounds the stress mode, or the random scheduler, runs.
    pub fn rounds(mut self, n: usize) -> Self {
        if env::var_os("SELVEDGE_ROUNDS").is_none() {
            self.rounds = n;
        }
        self
    }

    /// Where the choices of the stress mode, or of the random scheduler, start.
    pub fn seed(mut self, seed: u64) -> Self {
        if env::var_os("SELVEDGE_SEED").is_none() {
            self.seed = seed;
        }
        self
    }

    /// Runs `design` in every schedule, to the first that fails.
    #[must_use = "a report may tell of a failure: `unwrap` it"]
    pub fn run(self, design: impl Fn(&mut Design) + Send + Sync + 'static) -> Report {
        engine::run(&self, std::sync::Arc::new(design))
    }
}

/// What a check found.
///
/// # Examples
///
/// ```
/// use selvedge::model::Check;
///
/// let report = Check::new().named("a coin").rounds(50).run(|d| {
///     let (side, outcome) = (d.choose(2), d.outcome());
///     d.task("thrower", async move { outcome(["heads", "tails"][side].into()) });
/// });
/// assert_eq!(report.failure, None);
/// // What happened over all schedules: for a bug that is an outcome which should not be there.
/// assert_eq!(report.outcomes.into_iter().collect::<Vec<_>>(), ["heads", "tails"]);
/// ```
#[derive(Clone, Debug)]
pub struct Report {
    /// What was checked.
    pub name: String,
    /// How many schedules were run.
    pub schedules: u64,
    /// Whether these were all there are.
    pub complete: bool,
    /// What went wrong.
    pub failure: Option<String>,
    /// The schedule in which it went wrong.
    pub timeline: Option<Timeline>,
    /// What [`Design::outcome`] was told, over all schedules.
    pub outcomes: BTreeSet<String>,
    /// How long it took.
    pub seconds: f64,
    /// The folder with the pictures of the failing schedule, and what finds it again.
    pub pictures: Option<PathBuf>,
}

impl Report {
    /// Nothing has been run.
    pub(super) fn of(check: &Check) -> Self {
        Self {
            name: check.name.clone(),
            schedules: 0,
            complete: true,
            failure: None,
            timeline: None,
            outcomes: BTreeSet::new(),
            seconds: 0.0,
            pictures: None,
        }
    }

    /// Goes on if all schedules passed.
    ///
    /// # Panics
    ///
    /// If one failed, or the search was cut, with the schedule as a table.
    #[track_caller]
    pub fn unwrap(self) -> Self {
        let passed = self.failure.is_none() && self.complete;
        if !passed && first_red() {
            std::println!("{}", self.in_a_line());
            std::process::exit(101);
        }
        assert!(passed, "{self}");
        self
    }

    /// What went wrong and where, for a list of many.
    fn in_a_line(&self) -> String {
        let failure = self.failure.as_deref().unwrap_or("cut");
        let failure = failure.lines().next().unwrap_or_default().trim_end_matches('.');
        let verdict = self.timeline.as_ref().map(Timeline::verdict).unwrap_or_default();
        let verdict = verdict.first().map(String::as_str).unwrap_or_default();
        std::format!("RED {}: {failure}. {verdict}", self.name)
    }
}

/// Whether the first failure is enough, without a picture: `cargo xtask weaken` asks for no more.
pub(super) fn first_red() -> bool {
    env::var_os("SELVEDGE_FIRST_RED").is_some()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, schedules, seconds, .. } = self;
        let Some(failure) = &self.failure else {
            return if self.complete {
                write!(f, "{name}: {schedules} schedules passed in {seconds:.1} s")
            } else {
                write!(f, "{name}: cut after {schedules} schedules and {seconds:.1} s")
            };
        };
        writeln!(f, "{name}, schedule {schedules}: {failure}")?;
        if let Some(timeline) = &self.timeline {
            write!(f, "\n{}", timeline.table())?;
            for sentence in timeline.verdict() {
                writeln!(f, "{sentence}")?;
            }
        }
        if let Some(folder) = &self.pictures {
            writeln!(f, "pictures: {}", folder.display())?;
            writeln!(f, "The same command finds this schedule again at once.")?;
        }
        Ok(())
    }
}

/// The text of a panic.
pub(super) fn text_of(panic: &(dyn core::any::Any + Send)) -> String {
    match (panic.downcast_ref::<String>(), panic.downcast_ref::<&str>()) {
        (Some(text), _) => text.clone(),
        (_, Some(text)) => (*text).to_owned(),
        _ => "a panic without a text".to_owned(),
    }
}
