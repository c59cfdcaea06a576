//! Waiting for all, in one task.

use selvedge_benches::{Group, Run, Task, on_one_thread, yield_now};
use selvedge_context::join_all;

fn joining(children: u64) -> Group {
    let ours: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                join_all((0..children).map(|_| yield_now())).await;
            }
        }) as Task])
    });
    let futures: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                futures::future::join_all((0..children).map(|_| yield_now())).await;
            }
        }) as Task])
    });
    Group {
        name: format!("join_all/{children}"),
        contestants: vec![("selvedge", ours), ("futures", futures)],
    }
}

pub(crate) fn groups() -> Vec<Group> {
    [2, 10, 100, 1000].map(joining).into()
}
