//! Outputs as they come, in one task.

use futures::{StreamExt, stream::FuturesUnordered};
use selvedge_benches::{Group, Run, Task, on_one_thread, yield_now};
use selvedge_context::as_completed;

fn collecting(children: u64) -> Group {
    let ours: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                let mut all = as_completed((0..children).map(|_| yield_now()));
                while all.next().await.is_some() {}
            }
        }) as Task])
    });
    let futures: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                let mut all: FuturesUnordered<_> = (0..children).map(|_| yield_now()).collect();
                while all.next().await.is_some() {}
            }
        }) as Task])
    });
    Group {
        name: format!("as_completed/{children}"),
        contestants: vec![("selvedge", ours), ("FuturesUnordered", futures)],
    }
}

pub(crate) fn groups() -> Vec<Group> {
    [2, 10, 100].map(collecting).into()
}
