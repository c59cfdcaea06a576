//! The first of two futures of different types.

use selvedge_benches::{Group, Run, Task, on_one_thread, yield_now};
use selvedge_context::select;

fn selecting() -> Group {
    let ours: Run = Box::new(|n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n {
                select(std::pin::pin!(yield_now()), std::future::pending::<()>()).await;
            }
        }) as Task])
    });
    let tokio: Run = Box::new(|n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n {
                tokio::select! {
                    () = yield_now() => {}
                    () = std::future::pending::<()>() => {}
                }
            }
        }) as Task])
    });
    Group {
        name: "select_futures/2".into(),
        contestants: vec![("selvedge", ours), ("tokio", tokio)],
    }
}

pub(crate) fn groups() -> Vec<Group> {
    vec![selecting()]
}
