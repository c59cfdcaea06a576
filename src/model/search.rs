//! Every schedule there is, up to a number of preemptions, on loom.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::{string::String, sync::Arc, time::Instant};

use selvedge_sync::raw::{log, shim};

use super::{
    Check, Design, Report, Timeline,
    check::first_red,
    choices::Choices,
    engine::{catch, run_once, timeline, watched},
    replay::Replay,
    tasks::Ledger,
};

/// A schedule that failed.
pub(super) struct Found {
    pub(super) message: String,
    pub(super) timeline: Timeline,
    /// Which of its exploration it was, from 1.
    pub(super) at: usize,
}

/// All schedules of one design.
pub(super) struct Search<'a> {
    check: &'a Check,
    design: Arc<dyn Fn(&mut Design) + Send + Sync>,
    pub(super) choices: Choices,
    ledger: Ledger,
    schedules: Arc<AtomicU64>,
    start: Instant,
}

pub(super) fn run(check: &Check, design: Arc<dyn Fn(&mut Design) + Send + Sync>) -> Report {
    let search = Search {
        check,
        design,
        choices: Choices::default(),
        ledger: Ledger::default(),
        schedules: Arc::default(),
        start: Instant::now(),
    };
    let replay = Replay::of(&check.name);
    let found = replay.run(&search).or_else(|| {
        let (found, preemptions) = search.first()?;
        if first_red() { Some(found) } else { Some(replay.keep(&search, found, preemptions)) }
    });
    let mut report = Report::of(check);
    report.schedules = search.schedules.load(Relaxed);
    report.complete = found.is_some() || !search.is_cut();
    report.outcomes = search.choices.told();
    report.seconds = search.start.elapsed().as_secs_f64();
    if let Some(Found { message, timeline, .. }) = found {
        report.tell(message, timeline);
    }
    report
}

impl Search<'_> {
    fn is_cut(&self) -> bool {
        self.check.max_duration.is_some_and(|all| self.start.elapsed() >= all)
    }

    pub(super) fn builder(&self, preemptions: Option<usize>) -> loom::model::Builder {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = preemptions;
        builder.max_branches = self.check.max_branches;
        // loom looks at its duration and permutations at checkpoints only, and then returns as if
        // it had passed: `is_cut` asks again.
        builder.checkpoint_interval = 200;
        builder.max_duration =
            self.check.max_duration.map(|all| all.saturating_sub(self.start.elapsed()));
        builder
    }

    /// The first schedule that fails, over all choices, and the bound that found it.
    fn first(&self) -> Option<(Found, Option<usize>)> {
        loop {
            let preemptions = self.check.preemptions;
            if let Err(found) = self.explore(&self.builder(preemptions)) {
                return Some((found, preemptions));
            }
            if self.is_cut() || !self.choices.advance() {
                return None;
            }
        }
    }

    /// Every schedule of one set of choices, to the first that fails.
    pub(super) fn explore(&self, builder: &loom::model::Builder) -> Result<(), Found> {
        let count = Arc::new(AtomicUsize::new(0));
        let (choices, ledger, design) =
            (self.choices.clone(), self.ledger.clone(), self.design.clone());
        let (schedules, counted, frozen) =
            (self.schedules.clone(), count.clone(), self.check.frozen);
        let ended = catch(|| {
            builder.check(move || {
                // What a schedule leaves behind shows when its statics have gone, too.
                ledger.check();
                counted.fetch_add(1, Relaxed);
                schedules.fetch_add(1, Relaxed);
                log::reset();
                let _open = shim::open();
                choices.rewind();
                watched(|| {
                    let mut made = Design::new(choices.clone(), ledger.clone(), frozen);
                    design(&mut made);
                    run_once(made);
                });
            });
        });
        ended.and_then(|()| self.ledger.close()).map_err(|message| {
            drop(self.ledger.close());
            Found { message, timeline: timeline(), at: count.load(Relaxed) }
        })
    }
}
