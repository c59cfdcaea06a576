//! Eight tasks that wait for each other. No peer's barrier can be broken: theirs are the nearest.

use std::sync::Arc;

use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers};

const TASKS: u64 = 8;

macro_rules! rounds {
    ($barrier:ty, $run:expr) => {{
        let run: Run = Box::new(move |n| {
            let barrier = Arc::new(<$barrier>::new(8));
            let one = |barrier: Arc<$barrier>| -> Task {
                Box::pin(async move {
                    for _ in 0..n.div_ceil(TASKS) {
                        let _ = barrier.wait().await;
                    }
                })
            };
            $run((0..TASKS).map(|_| one(barrier.clone())).collect())
        });
        run
    }};
}

pub(crate) fn groups() -> Vec<Group> {
    let places = [("one_thread", on_one_thread as fn(_) -> _), ("two_workers", on_two_workers)];
    places
        .into_iter()
        .map(|(place, run)| Group {
            name: format!("cyclic_barrier/8/{place}"),
            contestants: vec![
                ("selvedge", rounds!(selvedge_sync::CyclicBarrier, run)),
                ("tokio*", rounds!(tokio::sync::Barrier, run)),
                ("mea*", rounds!(mea::barrier::Barrier, run)),
                ("async-lock*", rounds!(async_lock::Barrier, run)),
            ],
        })
        .collect()
}
