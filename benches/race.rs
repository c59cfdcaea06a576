//! Waiting for the first of many, in one task.

use selvedge_benches::{Group, Run, Task, on_one_thread, yield_now};
use selvedge_context::race;

fn racing(children: u64) -> Group {
    let ours: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                race((0..children).map(|_| yield_now())).await;
            }
        }) as Task])
    });
    // Its futures have to be boxed.
    let futures: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                futures::future::select_all((0..children).map(|_| Box::pin(yield_now()))).await;
            }
        }) as Task])
    });
    Group {
        name: format!("race/{children}"),
        contestants: vec![("selvedge", ours), ("futures", futures)],
    }
}

pub(crate) fn groups() -> Vec<Group> {
    [2, 10, 100].map(racing).into()
}
