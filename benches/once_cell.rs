//! A cell: read when it is set, and those who wait while one makes the value.

use std::{hint::black_box, sync::Arc};

use selvedge_benches::{Group, Run, Task, at_once, on_one_thread, timed, yield_now};

/// Reads a set cell `n` times.
macro_rules! get {
    ($cell:expr) => {{
        let cell = $cell;
        let run: Run = Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    black_box(black_box(&cell).get());
                }
            })
        });
        run
    }};
}

/// Asks a set cell `n` times, with an initialiser.
macro_rules! ask {
    ($cell:expr, $init:expr) => {{
        let cell = $cell;
        let run: Run = Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    black_box(at_once(black_box(&cell).get_or_init($init)));
                }
            })
        });
        run
    }};
}

/// One makes the value, and `tasks - 1` wait for it: a fresh cell each time. Counted by the task.
macro_rules! herd {
    ($make:expr, $init:expr, $tasks:expr) => {{
        let run: Run = Box::new(|n| {
            let rounds = n.div_ceil($tasks);
            (0..rounds)
                .map(|_| {
                    let cell = Arc::new($make);
                    let one = || -> Task {
                        let cell = cell.clone();
                        Box::pin(async move {
                            black_box(cell.get_or_init($init).await);
                        })
                    };
                    on_one_thread((0..$tasks).map(|_| one()).collect())
                })
                .sum()
        });
        run
    }};
}

async fn make() -> u64 {
    yield_now().await;
    7
}

pub(crate) fn groups() -> Vec<Group> {
    let std_floor: Run = {
        let cell = std::sync::OnceLock::from(7_u64);
        Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    black_box(black_box(&cell).get());
                }
            })
        })
    };
    let mut groups = vec![
        Group {
            name: "once_cell/get".into(),
            contestants: vec![
                ("selvedge", get!(selvedge_sync::OnceCell::from(7_u64))),
                ("tokio", get!(tokio::sync::OnceCell::from(7_u64))),
                ("async-lock", get!(async_lock::OnceCell::from(7_u64))),
                ("mea", get!(mea::once::OnceCell::from_value(7_u64))),
                ("std floor*", std_floor),
            ],
        },
        Group {
            name: "once_cell/get_or_init".into(),
            contestants: vec![
                ("selvedge", ask!(selvedge_sync::OnceCell::from(7_u64), make)),
                ("tokio", ask!(tokio::sync::OnceCell::from(7_u64), make)),
                ("async-lock", ask!(async_lock::OnceCell::from(7_u64), make)),
                ("mea", ask!(mea::once::OnceCell::from_value(7_u64), make)),
            ],
        },
    ];
    // async-lock's cell is the one on event-listener.
    macro_rules! herds {
        ($($tasks:literal)*) => {$(
            groups.push(Group {
                name: format!("once_cell/herd/{}", $tasks),
                contestants: vec![
                    ("selvedge", herd!(selvedge_sync::OnceCell::<u64>::new(), make, $tasks)),
                    ("tokio", herd!(tokio::sync::OnceCell::<u64>::new(), make, $tasks)),
                    ("async-lock", herd!(async_lock::OnceCell::<u64>::new(), make, $tasks)),
                    ("mea", herd!(mea::once::OnceCell::<u64>::new(), make, $tasks)),
                ],
            });
        )*};
    }
    herds! { 2 64 1000 }
    groups
}
