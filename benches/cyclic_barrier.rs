//! Eight tasks that wait for each other. No peer's barrier can be broken: theirs are the nearest.

use selvedge_benches::{Group, on_one_thread, on_two_workers};

use crate::barrier::rounds;

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
