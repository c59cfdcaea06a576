//! The tracker: a task that comes and goes, and a wait for the last one.

use std::{future::Future, hint::black_box, pin::pin, task::Context, task::Waker};

use selvedge_benches::{Group, Run, at_once, timed};

/// The contestants of one workload: the same text for both types.
macro_rules! contestants {
    (|$tracker:ident, $n:ident| $body:block) => {{
        let ours: Run = {
            type $tracker = selvedge_context::TaskTracker;
            Box::new(move |$n| $body)
        };
        let tokio_util: Run = {
            type $tracker = tokio_util::task::TaskTracker;
            Box::new(move |$n| $body)
        };
        vec![("selvedge", ours), ("tokio-util", tokio_util)]
    }};
}

pub(crate) fn groups() -> Vec<Group> {
    let track = contestants!(|Tracker, n| {
        let tracker = Tracker::new();
        timed(|| {
            for _ in 0..n {
                at_once(black_box(&tracker).track_future(async { black_box(1) }));
            }
        })
    });
    let wait = contestants!(|Tracker, n| {
        let tracker = Tracker::new();
        tracker.close();
        let cx = &mut Context::from_waker(Waker::noop());
        timed(|| {
            for _ in 0..n {
                let token = black_box(&tracker).token();
                let mut wait = pin!(tracker.wait());
                assert!(wait.as_mut().poll(cx).is_pending());
                drop(token);
                assert!(wait.poll(cx).is_ready());
            }
        })
    });
    [("track", track), ("wait", wait)]
        .map(|(name, contestants)| Group { name: format!("tracker/{name}"), contestants })
        .into()
}
