//! A virtual clock that jumps from sleep to sleep. No peer does that outside of a runtime; the floor
//! is the wheel below it.

use std::time::Duration;

use selvedge_benches::{Group, timed};
use selvedge_timer::{VirtualClock, raw::wheel::Wheel, sleep_on};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn groups() -> Vec<Group> {
    vec![Group {
        name: "virtual/jumps".into(),
        contestants: vec![
            (
                "selvedge",
                Box::new(|n| {
                    let clock = VirtualClock::new();
                    timed(|| {
                        pollster::block_on(clock.auto_advance(async {
                            for _ in 0..n {
                                sleep_on(&clock, SECOND).await;
                            }
                        }));
                    })
                }),
            ),
            (
                "wheel floor*",
                Box::new(|n| {
                    let (mut wheel, mut due) = (Wheel::new(), Vec::new());
                    timed(|| {
                        for at in 1..=n {
                            let entry = wheel.insert(at * 1_000_000_000, ());
                            wheel.collect(at * 1_000_000_000, &mut due);
                            due.clear();
                            wheel.remove(entry);
                        }
                    })
                }),
            ),
        ],
    }]
}
