//! Runs a design on real threads, round after round: without the flag.

use core::{
    panic::{AssertUnwindSafe, Location},
    time::Duration,
};
use std::{
    format, panic,
    string::String,
    sync::{Arc, mpsc},
    thread,
    time::Instant,
    vec::Vec,
};

pub use std::thread::{spawn, yield_now};

use selvedge_sync::raw::block::block_on;

pub(super) use super::chance::Choices;
use super::{
    Check, Design, Report,
    check::text_of,
    design::Lane,
    tasks::{self, Ledger},
};

/// A round that takes longer has a task in it that sleeps for ever.
const STUCK: Duration = Duration::from_secs(10);

pub(super) fn note(_text: String, _place: Option<&'static Location<'static>>) {}

pub(super) fn task(_name: Option<String>) {}

pub(super) fn run(check: &Check, design: Arc<dyn Fn(&mut Design) + Send + Sync>) -> Report {
    let start = Instant::now();
    let choices = Choices::new(check.seed);
    let mut report = Report::of(check);
    let ledger = Ledger::default();
    for _ in 0..check.rounds {
        report.schedules += 1;
        let mut made = Design::new(choices.clone(), ledger.clone(), check.frozen);
        let built = panic::catch_unwind(AssertUnwindSafe(|| design(&mut made)));
        report.failure = match built {
            Ok(()) => run_once(made).and_then(|()| ledger.close()).err(),
            Err(panic) => Some(text_of(&*panic)),
        };
        if report.failure.is_some() {
            break;
        }
    }
    report.outcomes = choices.told();
    report.seconds = start.elapsed().as_secs_f64();
    report
}

fn run_once(design: Design) -> Result<(), String> {
    let (done, ended) = mpsc::channel();
    let mut open = Vec::new();
    for lane in design.lanes {
        let name = match &lane {
            Lane::Thread(name, _) => name.clone(),
            Lane::Tasks(tasks) => {
                tasks.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
            }
        };
        open.push(name.clone());
        let (done, clock, ledger) = (done.clone(), design.clock.clone(), design.ledger.clone());
        if let Some(clock) = &clock {
            clock.enter();
        }
        let body = move || {
            let result = panic::catch_unwind(AssertUnwindSafe(|| run_lane(lane, &ledger)));
            if let Some(clock) = clock {
                clock.exit();
            }
            let _ = done.send((name, result.map_err(|panic| text_of(&*panic))));
        };
        thread::Builder::new().spawn(body).map_err(|error| format!("no thread: {error}"))?;
    }
    let driver = design
        .clock
        .filter(|_| !open.is_empty())
        .map(|clock| thread::spawn(move || block_on(clock.drive())));
    while !open.is_empty() {
        match ended.recv_timeout(STUCK) {
            Ok((name, result)) => {
                open.retain(|other| *other != name);
                result.map_err(|text| format!("{name}: {text}"))?;
            }
            Err(_) => return Err(format!("deadlock: {} sleep for ever", open.join(", "))),
        }
    }
    if let Some(driver) = driver {
        driver.join().map_err(|panic| text_of(&*panic))?;
    }
    for after in design.after {
        panic::catch_unwind(AssertUnwindSafe(after)).map_err(|panic| text_of(&*panic))?;
    }
    Ok(())
}

fn run_lane(lane: Lane, ledger: &Ledger) {
    match lane {
        Lane::Thread(_, body) => body(),
        Lane::Tasks(tasks) => tasks::run(tasks, ledger),
    }
}
