//! A wait group: tasks that each drop a handle, and one who waits.

use std::future::IntoFuture;

use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers, yield_now};

/// Eight tasks drop their handles, one waits for them. Counted by the handle.
macro_rules! group {
    ($group:ty, $run:expr) => {{
        let run: Run = Box::new(|n| {
            let rounds = n.div_ceil(8);
            (0..rounds)
                .map(|_| {
                    let group = <$group>::new();
                    let mut tasks: Vec<Task> = (0..8)
                        .map(|_| -> Task {
                            let handle = group.clone();
                            Box::pin(async move {
                                yield_now().await;
                                drop(handle);
                            })
                        })
                        .collect();
                    tasks.push(Box::pin(group.into_future()));
                    $run(tasks)
                })
                .sum()
        });
        run
    }};
}

pub(crate) fn groups() -> Vec<Group> {
    vec![
        Group {
            name: "wait_group/one_thread".into(),
            contestants: vec![
                ("selvedge", group!(selvedge_sync::WaitGroup, on_one_thread)),
                ("mea", group!(mea::waitgroup::WaitGroup, on_one_thread)),
            ],
        },
        Group {
            name: "wait_group/two_workers".into(),
            contestants: vec![
                ("selvedge", group!(selvedge_sync::WaitGroup, on_two_workers)),
                ("mea", group!(mea::waitgroup::WaitGroup, on_two_workers)),
            ],
        },
    ]
}
