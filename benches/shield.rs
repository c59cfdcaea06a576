//! The shield, of a future that is ready. tokio's and asyncio's way is to spawn; the floor is a
//! box.

use std::hint::black_box;

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::{Reaper, shield};

pub(crate) fn groups() -> Vec<Group> {
    let ours: Run = Box::new(|n| {
        let reaper = Reaper::new();
        timed(|| {
            for at in 0..n {
                black_box(at_once(shield(&reaper, async move { black_box(at) })));
            }
        })
    });
    let by_hand: Run = Box::new(|n| {
        timed(|| {
            for at in 0..n {
                black_box(at_once(Box::pin(async move { black_box(at) })));
            }
        })
    });
    let contestants = vec![("selvedge", ours), ("box floor*", by_hand)];
    vec![Group { name: "shield/ready".into(), contestants }]
}
