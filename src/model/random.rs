//! Schedules by chance, on shuttle: for designs that are too big for every schedule.
//!
//! One half of the rounds chooses evenly among the threads that can go on; the other half gives
//! them priorities that change a few times, which finds bugs that need a thread to be held up for
//! long (PCT: Burckhardt, Kothari, Musuvathi, Nagarakatte, 2010). Memory is sequentially consistent
//! here, so a wrong ordering is not found.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::{sync::Arc, time::Instant};

use selvedge_sync::raw::{log, shim};
use shuttle::{
    Config, FailurePersistence, Runner,
    scheduler::{PctScheduler, RandomScheduler, Scheduler},
};

use super::{
    Check, Design, Report,
    chance::Choices,
    engine::{catch, run_once, timeline, watched},
    tasks::Ledger,
};

/// How many times priorities change.
const DEPTH: usize = 3;

pub(super) fn run(check: &Check, design: Arc<dyn Fn(&mut Design) + Send + Sync>) -> Report {
    let start = Instant::now();
    let choices = Choices::new(check.seed);
    let ledger = Ledger::default();
    let schedules = Arc::new(AtomicU64::new(0));
    let round = || {
        let (choices, ledger, schedules) = (choices.clone(), ledger.clone(), schedules.clone());
        let (design, frozen) = (design.clone(), check.frozen);
        move || {
            ledger.check();
            schedules.fetch_add(1, Relaxed);
            log::reset();
            let _open = shim::open();
            watched(|| {
                let mut made = Design::new(choices.clone(), ledger.clone(), frozen);
                design(&mut made);
                run_once(made);
            });
        }
    };
    let (seed, half) = (check.seed, check.rounds.div_ceil(2));
    let found = explore(check, RandomScheduler::new_from_seed(seed, half), round())
        .and_then(|()| ledger.close())
        .and_then(|()| explore(check, PctScheduler::new_from_seed(seed, DEPTH, half), round()))
        .and_then(|()| ledger.close());

    let mut report = Report::of(check);
    report.schedules = schedules.load(Relaxed);
    report.complete = check.max_duration.is_none_or(|limit| start.elapsed() < limit);
    report.outcomes = choices.told();
    report.seconds = start.elapsed().as_secs_f64();
    if let Err(message) = found {
        drop(ledger.close());
        report.tell(message, timeline());
    }
    report
}

fn explore(
    check: &Check,
    scheduler: impl Scheduler + 'static,
    round: impl Fn() + Send + Sync + 'static,
) -> Result<(), std::string::String> {
    let mut config = Config::new();
    config.stack_size = 256 * 1024;
    config.failure_persistence = FailurePersistence::None;
    config.max_time = check.max_duration;
    config.silence_warnings = true;
    catch(move || {
        Runner::new(scheduler, config).run(round);
    })
}
