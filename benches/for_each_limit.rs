//! Work on the items of a stream, a few at a time, in one task.

use futures::StreamExt;
use selvedge_benches::{Group, Run, Task, on_one_thread, yield_now};
use selvedge_context::for_each_limit;

fn limited() -> Group {
    const LIMIT: usize = 16;
    let ours: Run = Box::new(|n| {
        on_one_thread(vec![Box::pin(async move {
            let items = futures::stream::iter(0..n);
            for_each_limit(items, LIMIT, |_| yield_now()).expect("a limit").await;
        }) as Task])
    });
    let futures: Run = Box::new(|n| {
        on_one_thread(vec![Box::pin(async move {
            futures::stream::iter(0..n).for_each_concurrent(LIMIT, |_| yield_now()).await;
        }) as Task])
    });
    Group {
        name: "for_each_limit/16".into(),
        contestants: vec![("selvedge", ours), ("futures", futures)],
    }
}

pub(crate) fn groups() -> Vec<Group> {
    vec![limited()]
}
