//! A throttled stream whose period is over each time.

use std::{pin::pin, time::Duration};

use futures::{StreamExt, stream};
use selvedge_benches::{Group, timed};

use crate::sleep::tokio_alone;

/// Over by the time it is looked at.
const PERIOD: Duration = Duration::from_nanos(1);

pub(crate) fn groups() -> Vec<Group> {
    let runtime = tokio_alone();
    vec![Group {
        name: "stream_throttle/ready".into(),
        contestants: vec![
            (
                "selvedge",
                Box::new(|n| {
                    let items = stream::repeat(1_u64).take(n as usize);
                    let mut slow = pin!(selvedge_timer::stream_throttle(PERIOD, items));
                    timed(|| pollster::block_on(async { while slow.next().await.is_some() {} }))
                }),
            ),
            (
                // Its periods are whole milliseconds, so it is given none: it does without the clock.
                "tokio*",
                Box::new(move |n| {
                    runtime.block_on(async {
                        let items = stream::repeat(1_u64).take(n as usize);
                        let slow = tokio_stream::StreamExt::throttle(items, Duration::ZERO);
                        let mut slow = pin!(slow);
                        let start = std::time::Instant::now();
                        while slow.next().await.is_some() {}
                        start.elapsed()
                    })
                }),
            ),
        ],
    }]
}
