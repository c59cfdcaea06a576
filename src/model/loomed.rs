//! Runs a design in every schedule, on loom.

use core::{
    cell::RefCell,
    panic::AssertUnwindSafe,
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed},
    task::{Context, Waker},
};
use std::{
    collections::BTreeSet,
    format, panic,
    string::{String, ToString},
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError},
    task::Wake,
    thread_local,
    time::Instant,
    vec::Vec,
};

use selvedge_sync::raw::{
    block::block_on,
    log::{self, What},
    shim::Parker,
};

pub use loom::thread::{spawn, yield_now};

use super::{
    Check, Design, Report, Timeline,
    check::text_of,
    design::{Cut, Job, Lane},
    timeline::{Row, Step},
};

/// How many await points of a cancellable task are explored at most.
const CUTS: usize = 4;

pub(super) fn note(text: String) {
    log::note(text);
}

/// The choices of one run: each is taken up in every way, the last one first.
///
/// They are made while a design is put together, so they need nothing of loom: all schedules of one
/// set of choices are explored, then those of the next.
#[derive(Clone, Default)]
pub(super) struct Choices(Arc<Mutex<Path>>);

#[derive(Default)]
struct Path {
    taken: Vec<Choice>,
    next: usize,
    outcomes: Arc<Mutex<BTreeSet<String>>>,
}

struct Choice {
    is: usize,
    of: usize,
    /// For a cancellable task: how many await points it has reached.
    reached: Option<Arc<AtomicUsize>>,
}

impl Choices {
    fn path(&self) -> MutexGuard<'_, Path> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn outcomes(&self) -> Arc<Mutex<BTreeSet<String>>> {
        self.path().outcomes.clone()
    }

    pub(super) fn choose(&self, of: usize) -> usize {
        self.take(of, false).0
    }

    pub(super) fn cut(&self) -> Cut {
        let (is, reached) = self.take(1, true);
        Cut { at: is.checked_sub(1).map(|at| at + 1), reached: reached.expect("asked for it") }
    }

    fn take(&self, of: usize, cut: bool) -> (usize, Option<Arc<AtomicUsize>>) {
        let mut path = self.path();
        let next = path.next;
        path.next += 1;
        if next == path.taken.len() {
            path.taken.push(Choice { is: 0, of, reached: cut.then(Arc::default) });
        }
        let choice = &path.taken[next];
        (choice.is, choice.reached.clone())
    }

    fn rewind(&self) {
        self.path().next = 0;
    }

    /// Goes to the next set of choices; whether there is one.
    fn advance(&self) -> bool {
        let mut path = self.path();
        while let Some(last) = path.taken.last_mut() {
            let of = match &last.reached {
                Some(reached) => 1 + reached.load(Relaxed).min(CUTS),
                None => last.of,
            };
            last.is += 1;
            if last.is < of {
                return true;
            }
            path.taken.pop();
        }
        false
    }
}

pub(super) fn run(check: &Check, design: Arc<dyn Fn(&mut Design) + Send + Sync>) -> Report {
    let start = Instant::now();
    let choices = Choices::default();
    let schedules = Arc::new(AtomicU64::new(0));
    let explore = |preemptions| {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = preemptions;
        builder.max_branches = check.max_branches;
        builder.checkpoint_interval = 200;
        builder.max_duration = check.max_duration.map(|all| all.saturating_sub(start.elapsed()));
        let (choices, schedules, design) = (choices.clone(), schedules.clone(), design.clone());
        catch(move || {
            builder.check(move || {
                schedules.fetch_add(1, Relaxed);
                log::reset();
                choices.rewind();
                let mut made = Design::new(choices.clone());
                design(&mut made);
                run_once(made);
            });
        })
    };
    let is_cut = || check.max_duration.is_some_and(|all| start.elapsed() >= all);

    let mut found = None;
    loop {
        if let Err(message) = explore(check.preemptions) {
            found = Some((message, timeline()));
            break;
        }
        if is_cut() || !choices.advance() {
            break;
        }
    }
    // With fewer preemptions the same bug reads more easily.
    if found.is_some() {
        for fewer in 0..check.preemptions.unwrap_or(3) {
            if let Err(message) = explore(Some(fewer)) {
                found = Some((message, timeline()));
                break;
            }
        }
    }

    let complete = found.is_some() || !is_cut();
    let (failure, timeline) = found.unzip();
    let failure = match (failure, &timeline) {
        (Some(message), Some(timeline)) if message.starts_with("deadlock") => {
            let sleepers = timeline.sleepers().len();
            Some(format!("deadlock: {sleepers} of {} sleep for ever", timeline.columns.len()))
        }
        (failure, _) => failure,
    };
    let outcomes = choices.outcomes();
    let outcomes = outcomes.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Report {
        name: check.name.clone(),
        schedules: schedules.load(Relaxed),
        complete,
        failure,
        timeline,
        outcomes,
        seconds: start.elapsed().as_secs_f64(),
    }
}

fn run_once(design: Design) {
    let clock = design.clock;
    let most = if clock.is_some() { 4 } else { 5 };
    let count = design.lanes.len();
    assert!(count <= most, "a model has room for {most} threads beside the clock, not for {count}");
    let mut lanes = design.lanes.into_iter();
    // The main thread plays the first lane, or the clock.
    let own = if clock.is_none() { lanes.next() } else { None };
    let others: Vec<_> = lanes
        .map(|lane| {
            let clock = clock.clone();
            if let Some(clock) = &clock {
                clock.enter();
            }
            spawn(move || {
                run_lane(lane);
                if let Some(clock) = clock {
                    clock.exit();
                }
            })
        })
        .collect();
    if let Some(own) = own {
        run_lane(own);
    }
    if let Some(clock) = clock {
        log::name("clock".into());
        if count > 0 {
            block_on(clock.drive());
        }
    }
    for other in others {
        other.join().expect("a panic ends the whole model");
    }
    for after in design.after {
        after();
    }
}

fn run_lane(lane: Lane) {
    match lane {
        Lane::Thread(name, body) => {
            log::name(name);
            body();
        }
        Lane::Tasks(tasks) => {
            let names: Vec<_> = tasks.iter().map(|(name, _)| name.as_str()).collect();
            log::name(names.join(", "));
            match <[_; 1]>::try_from(tasks) {
                Ok([(_, task)]) => block_on(task),
                Err(tasks) => run_tasks(tasks),
            }
        }
    }
}

/// Several tasks on one thread, in the order in which they were woken.
fn run_tasks(tasks: Vec<(String, Job)>) {
    struct Woken(AtomicBool, Waker);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.wake_by_ref();
        }

        fn wake_by_ref(self: &Arc<Self>) {
            self.0.store(true, Relaxed);
            self.1.wake_by_ref();
        }
    }

    let parker = Parker::new();
    let mut live: Vec<_> = tasks
        .into_iter()
        .map(|(name, task)| (name, task, Arc::new(Woken(AtomicBool::new(true), parker.waker()))))
        .collect();
    while !live.is_empty() {
        let Some(next) = live.iter().position(|(_, _, woken)| woken.0.load(Relaxed)) else {
            parker.park();
            continue;
        };
        let (name, mut task, woken) = live.remove(next);
        woken.0.store(false, Relaxed);
        log::task(Some(name.clone()));
        let waker = Waker::from(woken.clone());
        let poll = task.as_mut().poll(&mut Context::from_waker(&waker));
        if poll.is_ready() {
            drop(task);
        } else {
            live.push((name, task, woken));
        }
        log::task(None);
    }
}

/// What the log of the last schedule tells.
fn timeline() -> Timeline {
    let (rows, names) = log::take();
    let column = |(index, name): (usize, Option<String>)| {
        name.unwrap_or_else(|| if index == 0 { "main".into() } else { format!("thread {index}") })
    };
    let row = |row: log::Row| {
        let of_task = |text: String| match &row.task {
            Some(task) => format!("[{task}] {text}"),
            None => text,
        };
        let step = match row.what {
            What::Did(label, what) => Step::Did {
                object: format!("{}#{}", label.kind, label.number),
                what: of_task(what.to_string()),
            },
            What::Noted(text) => Step::Noted(of_task(text)),
            What::Woke(column) => Step::Woke(column),
            What::Sleeps => Step::Sleeps,
            What::Woken => Step::GoesOn,
        };
        Row { column: row.column, step }
    };
    Timeline {
        columns: names.into_iter().enumerate().map(column).collect(),
        rows: rows.into_iter().map(row).collect(),
    }
}

thread_local! {
    /// Where the first panic of a model on this thread is kept.
    static SINK: RefCell<Option<Arc<Mutex<Option<String>>>>> = const { RefCell::new(None) };
}

/// Runs `f`; the text and the place of its first panic, which is not printed.
///
/// loom ends each thread of a failed model with a panic of its own, whose payload is no text.
fn catch(f: impl FnOnce()) -> Result<(), String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(std::boxed::Box::new(move |info| {
            let sink = SINK.try_with(|sink| sink.borrow().clone()).ok().flatten();
            let Some(sink) = sink else { return before(info) };
            let payload = info.payload();
            if payload.is::<String>() || payload.is::<&str>() {
                let place = info.location().map(ToString::to_string).unwrap_or_default();
                let mut first = sink.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert_with(|| format!("{} [{place}]", text_of(payload)));
            }
        }));
    });
    let sink = Arc::new(Mutex::new(None));
    let outer = SINK.replace(Some(sink.clone()));
    let ended = panic::catch_unwind(AssertUnwindSafe(f));
    SINK.set(outer);
    ended.map_err(|panic| {
        let first = sink.lock().unwrap_or_else(PoisonError::into_inner).take();
        first.unwrap_or_else(|| text_of(&*panic))
    })
}
