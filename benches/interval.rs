//! An interval that is behind, and ticks at once.

use std::time::Duration;

use selvedge_benches::{Group, timed};

use crate::sleep::tokio_alone;

const PERIOD: Duration = Duration::from_nanos(1);

pub(crate) fn groups() -> Vec<Group> {
    let runtime = tokio_alone();
    vec![Group {
        name: "interval/late_ticks".into(),
        contestants: vec![
            (
                "selvedge",
                Box::new(|n| {
                    let mut beat = selvedge_timer::interval(PERIOD);
                    timed(|| {
                        pollster::block_on(async {
                            for _ in 0..n {
                                beat.tick().await;
                            }
                        });
                    })
                }),
            ),
            (
                "tokio",
                Box::new(move |n| {
                    runtime.block_on(async {
                        let mut beat = tokio::time::interval(PERIOD);
                        let start = std::time::Instant::now();
                        for _ in 0..n {
                            beat.tick().await;
                        }
                        start.elapsed()
                    })
                }),
            ),
        ],
    }]
}
