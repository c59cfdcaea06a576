//! What the threads of a model did, in order: the rows of the timeline that a failure prints.
//!
//! All threads of a model take turns on one thread of the system's, so one thread-local is one log
//! per running model. Rows are written after a critical section, so their order is the real one,
//! and nothing here is an operation of loom's, so a log does not change what is explored.

use core::cell::RefCell;
use std::{borrow::ToOwned, string::String, thread_local, vec::Vec};

/// The name of an object in a timeline: `mutex#1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Label {
    /// What it is.
    pub kind: &'static str,
    /// Which of its kind it is, from 1.
    pub number: u32,
}

/// What a thread did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Something to an object.
    Did(Label, &'static str),
    /// Woke the thread of that column.
    Woke(usize),
    /// Went to sleep.
    Sleeps,
    /// Goes on.
    Woken,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Whose.
    pub column: usize,
    /// What happened.
    pub what: What,
}

/// The log of one schedule.
#[derive(Debug, Default)]
pub struct Log {
    on: bool,
    rows: Vec<Row>,
    kinds: Vec<(&'static str, u32)>,
    threads: Vec<(loom::thread::ThreadId, Option<String>)>,
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
    (log.rows, log.threads.into_iter().map(|(_, name)| name).collect())
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
        let current = loom::thread::current();
        let mut log = log.borrow_mut();
        log.threads.iter().position(|(id, _)| *id == current.id()).unwrap_or_else(|| {
            log.threads.push((current.id(), current.name().map(ToOwned::to_owned)));
            log.threads.len() - 1
        })
    })
}

fn row(what: What) {
    if LOG.with(|log| log.borrow().on) {
        let column = column();
        LOG.with(|log| log.borrow_mut().rows.push(Row { column, what }));
    }
}

/// The calling thread did `what` to an object.
pub fn op(label: Label, what: &'static str) {
    row(What::Did(label, what));
}

/// The calling thread woke another.
pub fn wakes(column: usize) {
    row(What::Woke(column));
}

/// The calling thread goes to sleep.
pub fn sleeps() {
    row(What::Sleeps);
}

/// The calling thread goes on.
pub fn woken() {
    row(What::Woken);
}
