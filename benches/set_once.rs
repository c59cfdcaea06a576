//! A cell that is set once: read, and waited for.

use std::{hint::black_box, sync::Arc};

use selvedge_benches::{Group, Run, Task, at_once, on_one_thread, timed, yield_now};

macro_rules! contestant {
    ($cell:ty) => {
        (
            || -> Run {
                let cell = <$cell>::from(7);
                Box::new(move |n| {
                    timed(|| {
                        for _ in 0..n {
                            black_box(at_once(black_box(&cell).wait()));
                        }
                    })
                })
            },
            || -> Run {
                Box::new(|n| {
                    (0..n.div_ceil(64))
                        .map(|_| {
                            let cell = Arc::new(<$cell>::new());
                            let mut tasks: Vec<Task> = (0..64)
                                .map(|_| -> Task {
                                    let cell = cell.clone();
                                    Box::pin(async move {
                                        black_box(cell.wait().await);
                                    })
                                })
                                .collect();
                            tasks.push(Box::pin(async move {
                                yield_now().await;
                                cell.set(7).expect("set once");
                            }));
                            on_one_thread(tasks)
                        })
                        .sum()
                })
            },
        )
    };
}

pub(crate) fn groups() -> Vec<Group> {
    let ours = contestant!(selvedge_sync::SetOnce<u64>);
    let tokio = contestant!(tokio::sync::SetOnce<u64>);
    vec![
        Group {
            name: "set_once/wait_set".into(),
            contestants: vec![("selvedge", ours.0()), ("tokio", tokio.0())],
        },
        Group {
            name: "set_once/herd/64".into(),
            contestants: vec![("selvedge", ours.1()), ("tokio", tokio.1())],
        },
    ]
}
