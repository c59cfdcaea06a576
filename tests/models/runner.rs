//! Runs a model: every schedule up to a number of preemptions, and a timeline of the one that
//! fails.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    pin::pin,
    task::{Context, Poll, Waker},
};

use selvedge::sync::raw::log::{self, What};

pub(crate) use loom::thread::spawn;
pub(crate) use selvedge::sync::raw::block::block_on;

/// Checks `model` in every schedule with at most `preemptions` of them (`LOOM_MAX_PREEMPTIONS`
/// overrules it).
#[track_caller]
pub(crate) fn check(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.max_branches = 10_000;
    let ended = catch_unwind(AssertUnwindSafe(|| {
        builder.check(move || {
            log::reset();
            model();
        });
    }));
    if let Err(panic) = ended {
        print_timeline();
        resume_unwind(panic);
    }
}

/// One row a step, one column a thread.
fn print_timeline() {
    let (rows, names) = log::take();
    for (number, row) in rows.iter().enumerate() {
        let name = |column: usize| match names.get(column).and_then(Option::as_deref) {
            Some(name) => name.to_owned(),
            None if column == 0 => "main".to_owned(),
            None => format!("thread {column}"),
        };
        let what = match row.what {
            What::Did(label, what) => format!("{}#{} {what}", label.kind, label.number),
            What::Woke(column) => format!("wakes {}", name(column)),
            What::Sleeps => "sleeps".to_owned(),
            What::Woken => "goes on".to_owned(),
        };
        eprintln!("{number:>4} | {:>10} | {what}", name(row.column));
    }
}

/// Polls `future` once, with a waker that does nothing, and drops it: a waiter that cancels.
pub(crate) fn poll_and_cancel<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

/// Polls `future` with a waker that leads nowhere first, then waits for it: a waiter that moves
/// from task to task.
pub(crate) fn block_on_moved<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => block_on(future),
    }
}
