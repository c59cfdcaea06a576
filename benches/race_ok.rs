//! Waiting for the first success of many, in one task.

use selvedge_benches::{Group, Run, Task, on_one_thread, yield_now};
use selvedge_context::race_ok;

/// The last one succeeds.
async fn child(number: u64, children: u64) -> Result<u64, u64> {
    yield_now().await;
    if number + 1 == children { Ok(number) } else { Err(number) }
}

fn racing(children: u64) -> Group {
    let ours: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                race_ok((0..children).map(|number| child(number, children))).await.expect("one");
            }
        }) as Task])
    });
    // Its futures have to be boxed.
    let futures: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                let all = (0..children).map(|number| Box::pin(child(number, children)));
                futures::future::select_ok(all).await.expect("one");
            }
        }) as Task])
    });
    Group {
        name: format!("race_ok/{children}"),
        contestants: vec![("selvedge", ours), ("futures", futures)],
    }
}

pub(crate) fn groups() -> Vec<Group> {
    [2, 10, 100].map(racing).into()
}
