//! Waiting for one of many again and again, until all have come, in one task.

use std::pin::Pin;

use selvedge_benches::{Group, Run, Task, on_one_thread, yield_now};
use selvedge_context::{Until, wait};

type Child = Pin<Box<dyn Future<Output = Result<(), ()>> + Send>>;

fn child() -> Child {
    Box::pin(async {
        yield_now().await;
        Ok(())
    })
}

fn waiting(children: u64) -> Group {
    let ours: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                let mut left: Vec<_> = (0..children).map(|_| child()).collect();
                while !left.is_empty() {
                    let waited = wait(left, Until::FirstCompleted).await;
                    left = waited.pending.into_iter().map(|(_, child)| child).collect();
                }
            }
        }) as Task])
    });
    let futures: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                let mut left: Vec<_> = (0..children).map(|_| child()).collect();
                while !left.is_empty() {
                    (_, _, left) = futures::future::select_all(left).await;
                }
            }
        }) as Task])
    });
    Group {
        name: format!("wait/{children}"),
        contestants: vec![("selvedge", ours), ("futures", futures)],
    }
}

pub(crate) fn groups() -> Vec<Group> {
    [2, 10, 100].map(waiting).into()
}
