//! Runs a design once, in a schedule that loom chooses, or chance.

use core::{
    cell::RefCell,
    panic::{AssertUnwindSafe, Location},
};
use std::{
    format, panic,
    string::{String, ToString},
    sync::{Arc, Mutex, Once, PoisonError},
    thread_local,
    vec::Vec,
};

use selvedge_sync::raw::{
    block::block_on,
    log::{self, Place, What},
};

#[cfg(not(selvedge_random))]
use loom as rt;
#[cfg(selvedge_random)]
use shuttle as rt;

pub use rt::thread::yield_now;

use super::{
    Design, Timeline,
    check::text_of,
    design::Lane,
    tasks::{self, Ledger},
    timeline::{Row, Step},
};
#[cfg(selvedge_random)]
pub(super) use super::{chance::Choices, random::run};
#[cfg(not(selvedge_random))]
pub(super) use super::{choices::Choices, search::run};

/// Writes a line into the timeline: the user's, if it has a place.
pub(super) fn note(text: String, place: Option<&'static Location<'static>>) {
    log::note(text, place.map(Place::of));
}

/// The calling thread goes on with this task of several, or with none of them.
pub(super) fn task(name: Option<String>) {
    log::task(name);
}

/// How many threads a model has room for, the main one included.
const ROOM: usize = if cfg!(selvedge_random) { usize::MAX } else { 5 };

/// Runs a design to its end.
pub(super) fn run_once(design: Design) {
    let clock = design.clock;
    let most = if clock.is_some() { ROOM - 1 } else { ROOM };
    let count = design.lanes.len();
    assert!(count <= most, "a model has room for {most} threads beside the clock, not for {count}");
    let mut lanes = design.lanes.into_iter();
    // The main thread plays the first lane, or the clock.
    let own = if clock.is_none() { lanes.next() } else { None };
    let others: Vec<_> = lanes
        .map(|lane| {
            let (clock, ledger) = (clock.clone(), design.ledger.clone());
            if let Some(clock) = &clock {
                clock.enter();
            }
            spawn(move || {
                run_lane(lane, &ledger);
                if let Some(clock) = clock {
                    clock.exit();
                }
            })
        })
        .collect();
    if let Some(own) = own {
        run_lane(own, &design.ledger);
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

fn run_lane(lane: Lane, ledger: &Ledger) {
    match lane {
        Lane::Thread(name, body) => {
            log::name(name);
            body();
        }
        Lane::Tasks(tasks) => {
            let names: Vec<_> = tasks.iter().map(|(name, _)| name.as_str()).collect();
            log::name(names.join(", "));
            tasks::run(tasks, ledger);
        }
    }
}

/// A thread of the model's, called after the line that spawns it.
///
/// # Panics
///
/// If the model has no room for another.
#[track_caller]
pub fn spawn<T: Send + 'static>(
    f: impl FnOnce() -> T + Send + 'static,
) -> rt::thread::JoinHandle<T> {
    let place = Location::caller();
    let file = place.file().rsplit(['/', '\\']).next().unwrap_or_default();
    let builder = rt::thread::Builder::new().name(format!("spawned at {file}:{}", place.line()));
    builder.spawn(move || watched(f)).expect("there is room for another")
}

/// Runs `f` on the calling thread; if it goes wrong there, the timeline says so.
pub(super) fn watched<T>(f: impl FnOnce() -> T) -> T {
    let column = log::column();
    panic::catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|payload| {
        let sink = SINK.with(|sink| sink.borrow().clone());
        if let Some(sink) = sink {
            let mut first = sink.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some((text, place)) = first.take_untold() {
                if !text.starts_with("deadlock") {
                    log::failed(column, text, place);
                }
            }
        }
        panic::resume_unwind(payload)
    })
}

/// What the log of the last schedule tells.
pub(super) fn timeline() -> Timeline {
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
            What::Failed(text) => Step::Failed(text),
        };
        let place = row.place.map(|place| {
            let file = place.file.rsplit(['/', '\\']).next().unwrap_or(&place.file);
            format!("{file}:{}", place.line)
        });
        Row { column: row.column, step, place }
    };
    Timeline {
        columns: names.into_iter().enumerate().map(column).collect(),
        rows: rows.into_iter().map(row).collect(),
    }
}

/// The first panic of a model.
#[derive(Default)]
struct Sink {
    text: Option<String>,
    /// Where it happened, if not in loom.
    place: Option<Place>,
    /// Whether the timeline has it.
    told: bool,
}

impl Sink {
    fn take_untold(&mut self) -> Option<(String, Option<Place>)> {
        let told = core::mem::replace(&mut self.told, true);
        self.text.clone().filter(|_| !told).map(|text| (text, self.place.clone()))
    }
}

thread_local! {
    /// Where the first panic of a model on this thread is kept.
    static SINK: RefCell<Option<Arc<Mutex<Sink>>>> = const { RefCell::new(None) };
}

/// Runs `f`; the text and the place of its first panic, which is not printed.
///
/// The scheduler ends each thread of a failed model with a panic of its own, whose payload is no text. Should
/// a second panic come while the first is on its way, the test is about to abort: then the first is
/// printed at once.
pub(super) fn catch(f: impl FnOnce()) -> Result<(), String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(std::boxed::Box::new(move |info| {
            let sink = SINK.try_with(|sink| sink.borrow().clone()).ok().flatten();
            let Some(sink) = sink else { return before(info) };
            let payload = info.payload();
            if payload.is::<String>() || payload.is::<&str>() {
                let mut sink = sink.lock().unwrap_or_else(PoisonError::into_inner);
                match &sink.text {
                    None => {
                        sink.text = Some(text_of(payload).trim().to_string());
                        let at = info.location().filter(|at| {
                            !["/loom-", "/shuttle-"].iter().any(|of| at.file().contains(of))
                        });
                        sink.place = at.map(|at| Place {
                            file: at.file().to_string().into(),
                            line: at.line(),
                        });
                    }
                    Some(first) if std::thread::panicking() => {
                        let timeline = timeline();
                        std::eprintln!("the model failed: {first}\n\n{}", timeline.table());
                    }
                    Some(_) => {}
                }
            }
        }));
    });
    let sink = Arc::new(Mutex::new(Sink::default()));
    let outer = SINK.replace(Some(sink.clone()));
    let ended = panic::catch_unwind(AssertUnwindSafe(f));
    SINK.set(outer);
    ended.map_err(|panic| {
        let first = core::mem::take(&mut *sink.lock().unwrap_or_else(PoisonError::into_inner));
        let at = first.place.map(|Place { file, line }| format!(" [{file}:{line}]"));
        first.text.unwrap_or_else(|| text_of(&*panic)) + &at.unwrap_or_default()
    })
}
