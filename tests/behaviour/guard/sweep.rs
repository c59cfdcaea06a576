//! Each wait, in the six shapes, and each way out at every poll.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    task::{Poll, Waker},
};

use futures_lite::future::yield_now;
use selvedge::context::{Reaper, with};

use super::{Conn, Log, quit_after, ready_in_the_end};
use crate::{
    harness::{Watched, growth, poll, ready},
    sweep::{Report, Swept},
};

pub(crate) fn sweep(report: Report<'_>) {
    for (name, until_empty) in [("guard::drain", true), ("guard::run", false)] {
        // The shapes ask for one name a future, not for its kind: `run` ends with its handles.
        if until_empty {
            swept_drain(name).sweep(report);
        } else {
            report(name, "1 cancel at every poll", runs_end_with_the_last_handle());
        }
    }
    report("guard::close", "1 cancel at every poll", close_is_cancelled_at_every_poll());
    report("guard::with", "1 cancel at every poll", with_is_cancelled_at_every_poll());
    report("guard::close", "6 nothing grows", nothing_is_kept());
}

/// A reaper with one cleanup, that ends when it is told to.
pub(crate) struct Gated {
    reaper: Reaper,
    gate: Arc<(AtomicBool, Mutex<Option<Waker>>)>,
}

fn swept_drain(name: &'static str) -> Swept<Gated> {
    Swept {
        name,
        make: || {
            let reaper = Reaper::new();
            let gate = Arc::new((AtomicBool::new(false), Mutex::new(None)));
            let inner = gate.clone();
            drop(reaper.guard((), move |(), _| {
                poll_fn(move |cx| {
                    // Cloned and dropped with no lock of the test's held.
                    let fresh = Some(cx.waker().clone());
                    let old = std::mem::replace(&mut *inner.1.lock().unwrap(), fresh);
                    drop(old);
                    if inner.0.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
                })
            }));
            Gated { reaper, gate }
        },
        wait: |gated| {
            let gated = gated.clone();
            Box::pin(async move { gated.reaper.drain().await.left == 0 })
        },
        free: |gated| {
            gated.gate.0.store(true, SeqCst);
            let waker = gated.gate.1.lock().unwrap().take();
            if let Some(waker) = waker {
                waker.wake();
            }
        },
        waiting: |gated| gated.reaper.drivers(),
        is_free: |gated| {
            ready(pin!(gated.reaper.drain()));
            gated.reaper.report().left == 0
        },
        close: None,
    }
}

fn runs_end_with_the_last_handle() -> usize {
    for polls in 0..3 {
        let (reaper, log) = (Reaper::new(), Log::default());
        let mut run = Box::pin(reaper.run());
        let watched = Watched::new();
        assert!(watched.poll(run.as_mut()).is_pending());
        drop(reaper.guard(Conn(log.clone()), Conn::close));
        assert_eq!(watched.woken(), 1);
        drop(reaper);
        for _ in 0..polls {
            assert!(watched.poll(run.as_mut()).is_pending());
        }
        if polls == 2 {
            assert_eq!(ready(run.as_mut()).done, 1);
        }
        drop(run);
        assert_eq!((log.handles(), watched.kept()), (1, 0), "after {polls} polls");
    }
    3
}

/// Whenever it is cancelled, the cleanup runs once, as a whole, and what is left is driven on.
fn close_is_cancelled_at_every_poll() -> usize {
    for polls in 0..4 {
        let (reaper, log) = (Reaper::new(), Log::default());
        let closing = reaper.guard(Conn(log.clone()), Conn::close).close();
        let pending = quit_after(closing, polls);
        assert_eq!((pending, reaper.report().taken), (polls < 3, usize::from(polls < 3)));
        // Its driver is cancelled as well, at each poll.
        for _ in 0..2 {
            let _ = poll(pin!(reaper.drain()));
        }
        let report = ready_in_the_end(reaper.drain());
        assert_eq!((report.done, report.left), (usize::from(polls < 3), 0));
        assert_eq!((log.take(), log.handles()), (vec!["closing Done".into(), "closed".into()], 1));
    }
    4
}

fn with_is_cancelled_at_every_poll() -> usize {
    for polls in 0..5 {
        let (reaper, log) = (Reaper::new(), Log::default());
        let body = async |conn: &mut Conn| conn.query(7).await;
        let pending = quit_after(with(&reaper, Conn(log.clone()), body, Conn::close), polls);
        assert_eq!(pending, polls < 4);
        ready_in_the_end(reaper.drain());
        let exit = if polls < 2 { "closing Dropped" } else { "closing Done" };
        assert_eq!((log.take(), log.handles()), (vec![exit.into(), "closed".into()], 1));
    }
    5
}

/// A thousand of each way out; not an allocation is left, but for the queue's room.
fn nothing_is_kept() -> usize {
    let reaper = Reaper::new();
    let round = || {
        let guard = || reaper.guard((), |(), _| yield_now());
        drop(guard());
        guard().disarm();
        ready_in_the_end(guard().close());
        assert!(quit_after(guard().close(), 1));
        assert!(quit_after(reaper.drain(), 1));
        ready_in_the_end(reaper.drain());
    };
    round();
    assert_eq!(growth(|| (0..1000).for_each(|_| round())), 0);
    5000
}
