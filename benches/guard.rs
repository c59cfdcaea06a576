//! Guards: a close that is awaited, and one that is left to the reaper. No peer has either; the
//! floor is what one would write by hand.

use std::{
    future::Future,
    hint::black_box,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::{Reaper, with};

/// Polls a drain to its end.
fn drain(reaper: &Reaper) {
    let mut drain = pin!(reaper.drain());
    let cx = &mut Context::from_waker(Waker::noop());
    while drain.as_mut().poll(cx) == Poll::Pending {}
}

pub(crate) fn groups() -> Vec<Group> {
    let close: Run = Box::new(|n| {
        let reaper = Reaper::new();
        timed(|| {
            for at in 0..n {
                at_once(reaper.guard(at, async |at, _| assert!(black_box(at) < u64::MAX)).close());
            }
        })
    });
    let scoped: Run = Box::new(|n| {
        let reaper = Reaper::new();
        timed(|| {
            for at in 0..n {
                let body = async |at: &mut u64| Ok::<_, String>(*black_box(at));
                let close = async |at, _| {
                    black_box(at);
                    Ok::<_, String>(())
                };
                let _ = black_box(at_once(with(&reaper, at, body, close)));
            }
        })
    });
    let by_hand = || -> Run {
        Box::new(|n| {
            timed(|| {
                for at in 0..n {
                    at_once(Box::pin(async move { assert!(black_box(at) < u64::MAX) }));
                }
            })
        })
    };
    let reaped: Run = Box::new(|n| {
        let reaper = Reaper::new();
        timed(|| {
            for _ in 0..n.div_ceil(100) {
                for at in 0..100 {
                    drop(reaper.guard(at, async |at: u64, _| assert!(black_box(at) < u64::MAX)));
                }
                drain(&reaper);
            }
        })
    });
    let queued: Run = Box::new(|n| {
        let queue = std::sync::Mutex::new(Vec::<Pin<Box<dyn Future<Output = ()> + Send>>>::new());
        timed(|| {
            for _ in 0..n.div_ceil(100) {
                for at in 0..100_u64 {
                    let job = Box::pin(async move { assert!(black_box(at) < u64::MAX) });
                    queue.lock().expect("no panic").push(job);
                }
                for job in queue.lock().expect("no panic").drain(..) {
                    at_once(job);
                }
            }
        })
    });
    vec![
        Group {
            name: "guard/close".into(),
            contestants: vec![("selvedge", close), ("with*", scoped), ("box floor*", by_hand())],
        },
        Group {
            name: "guard/reaped".into(),
            contestants: vec![("selvedge", reaped), ("queue floor*", queued)],
        },
    ]
}
