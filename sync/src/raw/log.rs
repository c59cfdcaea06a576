//! What the threads of a model did, in order: the rows of the timeline that a failure prints.
//!
//! All threads of a model take turns on one thread of the system's, so one thread-local is one log
//! per running model. Rows are written after a critical section, so their order is the real one,
//! and nothing here is an operation of loom's, so a log does not change what is explored.

use alloc::borrow::Cow;
use core::{cell::RefCell, panic::Location};
use std::{borrow::ToOwned, string::String, thread_local, vec::Vec};

#[cfg(not(selvedge_random))]
use loom as rt;
#[cfg(selvedge_random)]
use shuttle as rt;

/// The name of an object in a timeline: `mutex#1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// What it is.
    pub kind: &'static str,
    /// Which of its kind it is, from 1.
    pub number: u32,
}

/// What a thread did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Something to an object.
    Did(Label, &'static str),
    /// A line of the user's own.
    Noted(String),
    /// Woke the thread of that column.
    Woke(usize),
    /// Went to sleep.
    Sleeps,
    /// Goes on.
    Woken,
    /// Went wrong.
    Failed(String),
}

impl Place {
    /// The line that `location` names.
    pub fn of(location: &'static Location<'static>) -> Self {
        Self { file: Cow::Borrowed(location.file()), line: location.line() }
    }
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// Whose.
    pub column: usize,
    /// Which of the tasks that share the thread, if it has several.
    pub task: Option<String>,
    /// What happened.
    pub what: What,
    /// The line of the user's that did it, if it is known.
    pub place: Option<Place>,
}

/// A line of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its file.
    pub file: Cow<'static, str>,
    /// Its number.
    pub line: u32,
}

/// The log of one schedule.
#[derive(Debug, Default)]
pub struct Log {
    on: bool,
    rows: Vec<Row>,
    kinds: Vec<(&'static str, u32)>,
    threads: Vec<Thread>,
}

#[derive(Debug)]
struct Thread {
    id: rt::thread::ThreadId,
    name: Option<String>,
    task: Option<String>,
}

thread_local! {
    static LOG: RefCell<Log> = RefCell::new(Log::default());
}

/// Starts over, for a new schedule.
pub fn reset() {
    LOG.with(|log| *log.borrow_mut() = Log { on: true, ..Log::default() });
}

/// Hands out the rows and the names of the columns.
pub fn take() -> (Vec<Row>, Vec<Option<String>>) {
    let log = LOG.with(core::cell::RefCell::take);
    (log.rows, log.threads.into_iter().map(|thread| thread.name).collect())
}

impl Label {
    /// Names an object after its kind.
    pub fn new(kind: &'static str) -> Self {
        LOG.with(|log| {
            let mut log = log.borrow_mut();
            let number = match log.kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, number)) => {
                    *number += 1;
                    *number
                }
                None => {
                    log.kinds.push((kind, 1));
                    1
                }
            };
            Self { kind, number }
        })
    }
}

/// The column of the calling thread.
pub fn column() -> usize {
    LOG.with(|log| {
        if !log.borrow().on {
            return 0;
        }
        let current = rt::thread::current();
        let mut log = log.borrow_mut();
        log.threads.iter().position(|thread| thread.id == current.id()).unwrap_or_else(|| {
            let name = current.name().map(ToOwned::to_owned);
            log.threads.push(Thread { id: current.id(), name, task: None });
            log.threads.len() - 1
        })
    })
}

/// Changes what is known of the calling thread.
fn with_thread(f: impl FnOnce(&mut Thread)) {
    if LOG.with(|log| log.borrow().on) {
        let column = column();
        LOG.with(|log| f(&mut log.borrow_mut().threads[column]));
    }
}

/// Names the column of the calling thread.
pub fn name(name: String) {
    with_thread(|thread| thread.name = Some(name));
}

/// The calling thread goes on with this task of several, or with none of them.
pub fn task(task: Option<String>) {
    with_thread(|thread| thread.task = task);
}

fn row(what: What, place: Option<Place>) {
    if LOG.with(|log| log.borrow().on) {
        let column = column();
        LOG.with(|log| {
            let mut log = log.borrow_mut();
            let task = log.threads[column].task.clone();
            log.rows.push(Row { column, task, what, place });
        });
    }
}

/// The calling thread did `what` to an object, as the code in `file` says.
///
/// Whatever is `#[track_caller]` up to the user's code names the line there.
#[track_caller]
pub fn op(label: Label, what: &'static str, file: &str) {
    let place = Place::of(Location::caller());
    let ours = file.rsplit_once("src/").map_or(file, |(root, _)| root);
    row(What::Did(label, what), (!place.file.starts_with(ours)).then_some(place));
}

/// A line of the user's own, or of whoever stands between.
pub fn note(text: String, place: Option<Place>) {
    row(What::Noted(text), place);
}

/// The calling thread woke another.
pub fn wakes(column: usize) {
    row(What::Woke(column), None);
}

/// The calling thread goes to sleep.
pub fn sleeps() {
    row(What::Sleeps, None);
}

/// The calling thread goes on.
pub fn woken() {
    row(What::Woken, None);
}

/// Something went wrong on the thread of that column. Asks nothing of loom, which may be broken.
pub fn failed(column: usize, text: String, place: Option<Place>) {
    LOG.with(|log| {
        let row = Row { column, task: None, what: What::Failed(text), place };
        log.borrow_mut().rows.push(row);
    });
}
