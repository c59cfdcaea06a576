//! A phaser of eight tasks, phase after phase. Counted by the arrival.

use std::sync::Arc;

use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers};

use crate::barrier::rounds;

fn ours(run: fn(Vec<Task>) -> std::time::Duration) -> Run {
    Box::new(move |n| {
        let phaser = Arc::new(selvedge_sync::Phaser::new(8));
        let one = || -> Task {
            let phaser = phaser.clone();
            Box::pin(async move {
                for _ in 0..n.div_ceil(8) {
                    let phase = phaser.arrive();
                    phaser.wait(phase).await.expect("not closed");
                }
            })
        };
        run((0..8).map(|_| one()).collect())
    })
}

pub(crate) fn groups() -> Vec<Group> {
    let places = [("one_thread", on_one_thread as fn(_) -> _), ("two_workers", on_two_workers)];
    places
        .map(|(place, run)| Group {
            name: format!("phaser/{place}"),
            contestants: vec![
                ("selvedge", ours(run)),
                // Barriers of as many: their parties do not come and go.
                ("tokio Barrier", rounds!(tokio::sync::Barrier, run)),
                ("mea Barrier", rounds!(mea::barrier::Barrier, run)),
            ],
        })
        .into()
}
