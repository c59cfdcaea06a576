//! The shield.

use std::{future::pending, pin::pin};

use futures_lite::future::yield_now;
use selvedge::context::{CancellationToken, Reaper, shield};

use crate::{
    guard::{Log, everywhere, quit_after, ready_in_the_end},
    harness::{growth, panics, poll, ready},
    sweep::Report,
};

async fn commit(log: Log) -> u32 {
    log.push("begun");
    yield_now().await;
    log.push("half");
    yield_now().await;
    log.push("committed");
    7
}

pub(crate) fn sweep(report: Report<'_>) {
    let mut cases = 0;
    for polls in 0..4 {
        let (reaper, log) = (Reaper::new(), Log::default());
        let pending = quit_after(shield(&reaper, commit(log.clone())), polls);
        assert_eq!((pending, reaper.report().left), (polls < 3, usize::from(polls < 3)));
        ready_in_the_end(reaper.drain());
        assert_eq!((log.take().join(" "), log.handles()), ("begun half committed".into(), 1));
        cases += 1;
    }
    report("shield::shield", "1 cancel at every poll", cases);
    let reaper = Reaper::new();
    let round = || {
        assert!(quit_after(shield(&reaper, yield_now()), 1));
        ready_in_the_end(reaper.drain());
    };
    round();
    assert_eq!(growth(|| (0..1000).for_each(|_| round())), 0);
    report("shield::shield", "6 nothing grows", 1000);
}

#[test]
fn the_output_is_the_callers_while_it_waits() {
    everywhere(|| async {
        let (reaper, log) = (Reaper::new(), Log::default());
        assert_eq!(shield(&reaper, commit(log.clone())).await, 7);
        assert_eq!((reaper.report().taken, log.take().len()), (0, 3));
    });
}

#[test]
fn a_cancelled_caller_does_not_reach_it() {
    everywhere(|| async {
        let (reaper, log, stop) = (Reaper::new(), Log::default(), CancellationToken::new());
        let canceller = stop.clone();
        let work = async {
            let shielded = shield(&reaper, commit(log.clone()));
            canceller.cancel();
            shielded.await;
            pending::<()>().await;
        };
        let mut run = Box::pin(stop.run_until_cancelled(work));
        assert_eq!(poll(run.as_mut()), std::task::Poll::Ready(None));
        assert_eq!(log.take(), ["begun"]);
        assert_eq!(reaper.drain().await.done, 1);
        assert_eq!(log.take(), ["half", "committed"]);
    });
}

#[test]
fn a_panic_is_the_callers_or_the_reapers() {
    let reaper = Reaper::new();
    let fails = || async {
        yield_now().await;
        panic!("on purpose");
    };
    assert!(panics(|| ready_in_the_end(shield(&reaper, fails()))));
    assert_eq!(reaper.report().taken, 0);
    assert!(quit_after(shield(&reaper, fails()), 1));
    assert_eq!(ready_in_the_end(reaper.drain()).panicked, 1);
    assert_eq!(ready(pin!(shield(&reaper, std::future::ready("no unit")))), "no unit");
}
