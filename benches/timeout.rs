//! Timeouts that are set and cancelled.

use std::{
    future::{Future, pending},
    pin::pin,
    task::{Context, Waker},
    time::Duration,
};

use selvedge_benches::{Group, Run, timed};

use crate::sleep::tokio_alone;

const LIMIT: Duration = Duration::from_secs(30);

/// Set, polled once and dropped.
macro_rules! cancel {
    ($timeout:path) => {{
        let run: Run = Box::new(|n| {
            timed(|| {
                let mut cx = Context::from_waker(Waker::noop());
                for _ in 0..n {
                    let limited = pin!($timeout(LIMIT, pending::<()>()));
                    assert!(limited.poll(&mut cx).is_pending());
                }
            })
        });
        run
    }};
}

pub(crate) fn groups() -> Vec<Group> {
    let runtime = tokio_alone();
    let mut tokio = cancel!(tokio::time::timeout);
    vec![Group {
        name: "timeout/cancel".into(),
        contestants: vec![
            ("selvedge", cancel!(selvedge_timer::timeout)),
            ("tokio", Box::new(move |n| runtime.block_on(async { tokio(n) }))),
        ],
    }]
}
