//! Eight tasks that wait for each other, again and again.

use selvedge_benches::{Group, on_one_thread, on_two_workers};

/// One contestant, from its type: whatever is made for eight and has a `wait`.
macro_rules! rounds {
    ($barrier:ty, $run:expr) => {{
        let run: selvedge_benches::Run = Box::new(move |n| {
            let barrier = std::sync::Arc::new(<$barrier>::new(8));
            let one = || -> selvedge_benches::Task {
                let barrier = barrier.clone();
                Box::pin(async move {
                    for _ in 0..n.div_ceil(8) {
                        let _ = barrier.wait().await;
                    }
                })
            };
            $run((0..8).map(|_| one()).collect())
        });
        run
    }};
}
pub(crate) use rounds;

pub(crate) fn groups() -> Vec<Group> {
    let places = [("one_thread", on_one_thread as fn(_) -> _), ("two_workers", on_two_workers)];
    places
        .into_iter()
        .map(|(place, run)| Group {
            name: format!("barrier/8/{place}"),
            contestants: vec![
                ("selvedge", rounds!(selvedge_sync::Barrier, run)),
                ("tokio", rounds!(tokio::sync::Barrier, run)),
                ("mea", rounds!(mea::barrier::Barrier, run)),
                ("async-lock", rounds!(async_lock::Barrier, run)),
            ],
        })
        .collect()
}
