//! Shutdown: a phase with a task that has ended. No peer has phases; the floor is tokio-util's
//! token and tracker, one after the other.

use std::hint::black_box;

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::Shutdown;
use selvedge_timer::VirtualClock;

pub(crate) fn groups() -> Vec<Group> {
    let ours: Run = Box::new(|n| {
        let clock = VirtualClock::new();
        timed(|| {
            for _ in 0..n {
                let mut shutdown = Shutdown::new();
                let phase = shutdown.phase("one");
                drop(phase.tracker().token());
                black_box(at_once(shutdown.run_on(&clock, "over")));
                assert!(phase.token().is_cancelled());
            }
        })
    });
    let by_hand: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n {
                let token = tokio_util::sync::CancellationToken::new().child_token();
                let tracker = tokio_util::task::TaskTracker::new();
                drop(tracker.token());
                tracker.close();
                token.cancel();
                at_once(black_box(&tracker).wait());
                assert!(token.is_cancelled());
            }
        })
    });
    let contestants = vec![("selvedge", ours), ("tokio-util, by hand", by_hand)];
    vec![Group { name: "shutdown/phase".into(), contestants }]
}
