//! What a task sees of what was done before it was woken.

use std::{future::poll_fn, mem, sync::Arc, task::Poll};

use selvedge::{
    model::{
        self, Check, Design,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    sync::raw::shim::Track,
};

/// Lets a thread write `value` and wake the task, and ends when that was polled again: then it reads.
async fn told(value: Track, done: Arc<AtomicBool>) {
    let value = Arc::new(value);
    let mut first = true;
    poll_fn(|cx| {
        if !mem::take(&mut first) {
            return Poll::Ready(());
        }
        let (value, done, waker) = (value.clone(), done.clone(), cx.waker().clone());
        let over = done.clone();
        drop(model::spawn(move || {
            drop(value.writing());
            waker.wake();
            done.store(true, Relaxed);
        }));
        // What it sees changes nothing, but the thread may be through with it by now.
        over.load(Relaxed);
        Poll::Pending
    })
    .await;
    drop(value.reading());
}

/// A task sees what was done before it was woken: asleep at that moment, or about to sleep.
///
/// Red when: a wake-up that comes while the task runs leaves nothing but a flag.
#[test]
fn a_task_sees_what_was_done_before_it_was_woken() {
    model::check(|d: &mut Design| {
        d.task("told", told(Track::new(), Arc::new(AtomicBool::new(false))))
    });
}

/// Both wake-ups that came before a poll count in it, not the first alone.
///
/// Red when: a task that was woken already is not told again.
#[test]
fn a_task_sees_what_was_done_before_each_wake_up() {
    model::check(|d: &mut Design| {
        let values = Arc::new([Track::new(), Track::new()]);
        let done = Arc::new(AtomicUsize::new(0));
        d.task("told twice", async move {
            let mut first = true;
            poll_fn(|cx| {
                if !mem::take(&mut first) {
                    return Poll::Ready(());
                }
                for index in 0..2 {
                    let (values, done, waker) = (values.clone(), done.clone(), cx.waker().clone());
                    drop(model::spawn(move || {
                        drop(values[index].writing());
                        waker.wake();
                        done.fetch_add(1, Relaxed);
                    }));
                }
                // Relaxed: it waits for the wake-ups, and sees nothing else.
                while done.load(Relaxed) < 2 {
                    model::yield_now();
                }
                Poll::Pending
            })
            .await;
            values.iter().for_each(|value| drop(value.reading()));
        });
    });
}

/// A task of several on one thread sees what was done before it was woken, though its thread did
/// not sleep.
///
/// Red when: the flag of a task on a thread of several is plain.
#[test]
fn a_task_beside_others_sees_what_was_done_before_it_was_woken() {
    model::check(|d: &mut Design| {
        d.on_one_thread(|d| {
            let done = Arc::new(AtomicBool::new(false));
            d.task("told", told(Track::new(), done.clone()));
            d.task("busy", async move {
                while !done.load(Relaxed) {
                    model::yield_now();
                }
            });
        });
    });
}

/// A wake-up orders nothing before the poll that it brings about: the poll that still runs races.
///
/// Red when: a wake-up lends what it has seen to a thread that runs.
#[test]
fn a_wake_up_orders_nothing_for_the_poll_that_runs() {
    let report = Check::new().named("early").run(|d| {
        let (value, done) = (Arc::new(Track::new()), Arc::new(AtomicBool::new(false)));
        d.task("early", async move {
            poll_fn(|cx| {
                let (theirs, told, waker) = (value.clone(), done.clone(), cx.waker().clone());
                drop(model::spawn(move || {
                    drop(theirs.writing());
                    waker.wake();
                    told.store(true, Relaxed);
                }));
                while !done.load(Relaxed) {
                    model::yield_now();
                }
                drop(value.reading());
                Poll::Ready(())
            })
            .await;
        });
    });
    assert!(report.failure.is_some_and(|failure| failure.contains("Causality violation")));
}
