//! Runs a design on real threads, round after round: without the flag.

use core::{
    panic::AssertUnwindSafe,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::{
    collections::BTreeSet,
    format, panic,
    string::String,
    sync::{Arc, Mutex, PoisonError, mpsc},
    task::Wake,
    thread,
    time::Instant,
    vec::Vec,
};

pub use std::thread::{spawn, yield_now};

use selvedge_sync::raw::{block::block_on, shim::Parker};

use super::{
    Check, Design, Report,
    check::text_of,
    design::{Cut, Lane},
};

/// A round that takes longer has a task in it that sleeps for ever.
const STUCK: Duration = Duration::from_secs(10);

pub(super) fn note(_text: String) {}

/// Choices by a seeded generator (xorshift64*).
#[derive(Clone)]
pub(super) struct Choices {
    state: Arc<Mutex<u64>>,
    outcomes: Arc<Mutex<BTreeSet<String>>>,
}

impl Choices {
    pub(super) fn outcomes(&self) -> Arc<Mutex<BTreeSet<String>>> {
        self.outcomes.clone()
    }

    pub(super) fn choose(&self, of: usize) -> usize {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        *state ^= *state >> 12;
        *state ^= *state << 25;
        *state ^= *state >> 27;
        let high = state.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high % of as u64).expect("below a usize")
    }

    pub(super) fn cut(&self) -> Cut {
        let at = self.choose(4);
        Cut { at: (at > 0).then_some(at), reached: Arc::default() }
    }
}

pub(super) fn run(check: &Check, design: Arc<dyn Fn(&mut Design) + Send + Sync>) -> Report {
    let start = Instant::now();
    let choices = Choices { state: Arc::new(Mutex::new(check.seed | 1)), outcomes: Arc::default() };
    let mut report = Report {
        name: check.name.clone(),
        schedules: 0,
        complete: true,
        failure: None,
        timeline: None,
        outcomes: BTreeSet::new(),
        seconds: 0.0,
    };
    for _ in 0..check.rounds {
        report.schedules += 1;
        let mut made = Design::new(choices.clone());
        let built = panic::catch_unwind(AssertUnwindSafe(|| design(&mut made)));
        report.failure = match built {
            Ok(()) => run_once(made).err(),
            Err(panic) => Some(text_of(&*panic)),
        };
        if report.failure.is_some() {
            break;
        }
    }
    report.outcomes = choices.outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone();
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
        let (done, clock) = (done.clone(), design.clock.clone());
        if let Some(clock) = &clock {
            clock.enter();
        }
        let body = move || {
            let result = panic::catch_unwind(AssertUnwindSafe(|| run_lane(lane)));
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

fn run_lane(lane: Lane) {
    match lane {
        Lane::Thread(_, body) => body(),
        Lane::Tasks(tasks) => {
            let parker = Parker::new();
            let waker = Waker::from(Arc::new(AllOf(parker.waker())));
            let mut live = tasks;
            loop {
                let mut cx = Context::from_waker(&waker);
                live.retain_mut(|(_, task)| task.as_mut().poll(&mut cx) == Poll::Pending);
                if live.is_empty() {
                    return;
                }
                parker.park();
            }
        }
    }
}

/// Tasks that share a thread share its waker, and are all polled when one is woken.
struct AllOf(Waker);

impl Wake for AllOf {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }
}
