//! Waiting for all that may fail, in one task.

use selvedge_benches::{Group, Run, Task, on_one_thread, yield_now};
use selvedge_context::try_join_all;

async fn child() -> Result<(), ()> {
    yield_now().await;
    Ok(())
}

fn joining(children: u64) -> Group {
    let ours: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                try_join_all((0..children).map(|_| child())).await.expect("nobody fails");
            }
        }) as Task])
    });
    let futures: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                let all = futures::future::try_join_all((0..children).map(|_| child()));
                all.await.expect("nobody fails");
            }
        }) as Task])
    });
    Group {
        name: format!("try_join_all/{children}"),
        contestants: vec![("selvedge", ours), ("futures", futures)],
    }
}

pub(crate) fn groups() -> Vec<Group> {
    [2, 10, 100].map(joining).into()
}
