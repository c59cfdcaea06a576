//! A signal for one, set and taken: the peers' nearest are their notifications.

use selvedge_benches::{Group, Run, at_once, timed};

macro_rules! kept {
    ($new:expr, $set:ident, $wait:ident) => {{
        let shared = $new;
        let run: Run = Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    let shared = std::hint::black_box(&shared);
                    shared.$set();
                    let _ = std::hint::black_box(at_once(shared.$wait()));
                }
            })
        });
        run
    }};
}

pub(crate) fn groups() -> Vec<Group> {
    vec![Group {
        name: "auto_reset_event/kept".into(),
        contestants: vec![
            ("selvedge", kept!(selvedge_sync::AutoResetEvent::new(false), set, wait)),
            ("tokio", kept!(tokio::sync::Notify::new(), notify_one, notified)),
            ("maitake", kept!(maitake_sync::WaitQueue::new(), wake, wait)),
        ],
    }]
}
