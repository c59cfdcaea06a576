//! Futures side by side, in one task.

use futures::StreamExt;
use selvedge_benches::{Group, Run, Task, on_one_thread, yield_now};
use selvedge_context::{for_each_limit, join_all, select};

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
    Group { name: "select/2".into(), contestants: vec![("selvedge", ours), ("tokio", tokio)] }
}

pub(crate) fn groups() -> Vec<Group> {
    vec![joining(2), joining(10), joining(100), joining(1000), limited(), selecting()]
}
