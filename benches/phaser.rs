//! A phaser of eight tasks, phase after phase. Counted by the arrival.

use std::sync::Arc;

use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers};

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

/// A barrier of as many: its parties do not come and go.
macro_rules! barrier {
    ($barrier:expr, $run:expr) => {{
        let run: Run = Box::new(move |n| {
            let barrier = Arc::new($barrier);
            let one = || -> Task {
                let barrier = barrier.clone();
                Box::pin(async move {
                    for _ in 0..n.div_ceil(8) {
                        barrier.wait().await;
                    }
                })
            };
            $run((0..8).map(|_| one()).collect())
        });
        run
    }};
}

pub(crate) fn groups() -> Vec<Group> {
    let places = [("one_thread", on_one_thread as fn(_) -> _), ("two_workers", on_two_workers)];
    places
        .map(|(place, run)| Group {
            name: format!("phaser/{place}"),
            contestants: vec![
                ("selvedge", ours(run)),
                ("tokio Barrier", barrier!(tokio::sync::Barrier::new(8), run)),
                ("mea Barrier", barrier!(mea::barrier::Barrier::new(8), run)),
            ],
        })
        .into()
}
