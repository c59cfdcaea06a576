//! Delay queues: many items that are put in and taken out again, and many that expire.

use std::{future::poll_fn, time::Instant};

use selvedge_benches::{Group, Run};

use crate::sleep::{MANY, STRIDE, deadlines, fire, in_rounds, tokio_alone};

/// Puts `many` items into a queue and takes them out.
macro_rules! insert_remove {
    ($queue:ty, $many:expr) => {{
        let many = $many;
        let (mut queue, mut keys) = (<$queue>::with_capacity(many), Vec::with_capacity(many));
        let deadlines = deadlines(many);
        in_rounds(many, move || {
            keys.clear();
            let start = Instant::now();
            for (item, after) in deadlines.iter().enumerate() {
                keys.push(queue.insert_at(item, (start + *after).into()));
            }
            let mut at = 0;
            for _ in 0..many {
                at = (at + STRIDE) % many;
                queue.remove(&keys[at]);
            }
            start.elapsed()
        })
    }};
}

pub(crate) fn tokio_insert_remove(many: usize) -> Run {
    let runtime = tokio_alone();
    let mut run = insert_remove!(tokio_util::time::DelayQueue<usize>, many);
    Box::new(move |n| runtime.block_on(async { run(n) }))
}

/// Takes out what comes over 50 ms.
macro_rules! fire {
    ($queue:ty, $many:expr) => {{
        let runtime = tokio_alone();
        fire($many, move |deadlines| {
            runtime.block_on(async {
                let mut queue = <$queue>::with_capacity(deadlines.len());
                for at in &deadlines {
                    queue.insert_at(0_usize, (*at).into());
                }
                for _ in deadlines {
                    poll_fn(|cx| queue.poll_expired(cx)).await;
                }
            });
        })
    }};
}

pub(crate) fn groups() -> Vec<Group> {
    const DUE: usize = 100_003;
    let pending = MANY.into_iter().map(|many| Group {
        name: format!("delay_queue/insert_remove/{many}"),
        contestants: vec![
            ("selvedge", insert_remove!(selvedge_timer::DelayQueue<usize>, many)),
            ("tokio", tokio_insert_remove(many)),
        ],
    });
    let fire = Group {
        name: format!("delay_queue/fire_cpu/{DUE}"),
        contestants: vec![
            ("selvedge", fire!(selvedge_timer::DelayQueue<usize>, DUE)),
            ("tokio", fire!(tokio_util::time::DelayQueue<usize>, DUE)),
        ],
    };
    pending.chain([fire]).collect()
}
