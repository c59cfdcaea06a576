//! How far a check goes, and what it found.

use core::{fmt, time::Duration};
use std::{borrow::ToOwned, collections::BTreeSet, env, fs, path::PathBuf, string::String, thread};

use super::{Design, Timeline, engine};

/// Checks `design` in every schedule with up to two preemptions.
///
/// # Panics
///
/// If a schedule fails, with the schedule as a table.
#[track_caller]
pub fn check(design: impl Fn(&mut Design) + Send + Sync + 'static) {
    Check::new().run(design).unwrap();
}

/// How far a check goes.
///
/// `LOOM_MAX_PREEMPTIONS`, `LOOM_MAX_DURATION` (seconds) and `LOOM_MAX_BRANCHES` overrule what the
/// program says.
#[derive(Clone, Debug)]
#[must_use = "a check does nothing until it is run"]
pub struct Check {
    pub(super) name: String,
    pub(super) preemptions: Option<usize>,
    pub(super) max_duration: Option<Duration>,
    pub(super) max_branches: usize,
    #[cfg_attr(selvedge_loom, expect(dead_code, reason = "for the stress mode"))]
    pub(super) rounds: usize,
    #[cfg_attr(selvedge_loom, expect(dead_code, reason = "for the stress mode"))]
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
            rounds: 200,
            seed: 1,
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

    /// How many rounds the stress mode runs.
    #[cfg_attr(selvedge_loom, expect(unused_mut, reason = "for the stress mode"))]
    pub fn rounds(mut self, n: usize) -> Self {
        #[cfg(not(selvedge_loom))]
        {
            self.rounds = n;
        }
        let _ = n;
        self
    }

    /// Where the stress mode's choices start.
    #[cfg_attr(selvedge_loom, expect(unused_mut, reason = "for the stress mode"))]
    pub fn seed(mut self, seed: u64) -> Self {
        #[cfg(not(selvedge_loom))]
        {
            self.seed = seed;
        }
        let _ = seed;
        self
    }

    /// Runs `design` in every schedule, to the first that fails.
    #[must_use = "a report may tell of a failure: `unwrap` it"]
    pub fn run(self, design: impl Fn(&mut Design) + Send + Sync + 'static) -> Report {
        engine::run(&self, std::sync::Arc::new(design))
    }
}

/// What a check found.
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
}

impl Report {
    /// Goes on if all schedules passed.
    ///
    /// # Panics
    ///
    /// If one failed, or the search was cut, with the schedule as a table.
    #[track_caller]
    pub fn unwrap(self) -> Self {
        assert!(self.failure.is_none(), "{self}");
        assert!(self.complete, "{self}");
        self
    }

    /// Leaves the failing schedule as pictures; where.
    fn draw(&self) -> Option<PathBuf> {
        let timeline = self.timeline.as_ref()?;
        let target = env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into());
        let folder = PathBuf::from(target).join("selvedge-model").join(&self.name);
        fs::create_dir_all(&folder).ok()?;
        fs::write(folder.join("schedule.mmd"), timeline.mermaid()).ok()?;
        fs::write(folder.join("schedule.svg"), timeline.svg()).ok()?;
        Some(folder)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, schedules, seconds, .. } = self;
        match &self.failure {
            None if self.complete => {
                write!(f, "{name}: {schedules} schedules passed in {seconds:.1} s")
            }
            None => write!(f, "{name}: cut after {schedules} schedules and {seconds:.1} s"),
            Some(failure) => {
                writeln!(f, "{name}, schedule {schedules}: {failure}")?;
                if let Some(timeline) = &self.timeline {
                    write!(f, "\n{}", timeline.table())?;
                    for sentence in timeline.sleepers() {
                        writeln!(f, "{sentence}")?;
                    }
                }
                match self.draw() {
                    Some(folder) => writeln!(f, "pictures: {}", folder.display()),
                    None => Ok(()),
                }
            }
        }
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
