//! Children that borrow, in one task.

use futures::{StreamExt, stream::FuturesUnordered};
use selvedge_benches::{Group, Run, Task, on_one_thread, yield_now};
use selvedge_context::{Scope, scope};

/// `children` at a time, each of which yields once.
fn yielding(children: u64) -> Group {
    let ours: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                scope(async |scope: Scope<'_, ()>| {
                    for _ in 0..children {
                        scope.spawn(async {
                            yield_now().await;
                            Ok(())
                        });
                    }
                    Ok(())
                })
                .await
                .expect("nobody fails");
            }
        }) as Task])
    });
    let futures: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                let mut all: FuturesUnordered<_> = (0..children).map(|_| yield_now()).collect();
                while let Some(()) = all.next().await {}
            }
        }) as Task])
    });
    let boxed: Run = Box::new(move |n| {
        on_one_thread(vec![Box::pin(async move {
            for _ in 0..n.div_ceil(children) {
                let mut all = FuturesUnordered::<Task>::new();
                (0..children).for_each(|_| all.push(Box::pin(yield_now())));
                while let Some(()) = all.next().await {}
            }
        }) as Task])
    });
    Group {
        name: format!("scope/yield/{children}"),
        contestants: vec![
            ("selvedge", ours),
            ("FuturesUnordered, boxed", boxed),
            ("FuturesUnordered*", futures),
        ],
    }
}

pub(crate) fn groups() -> Vec<Group> {
    [1, 10, 1000].map(yielding).into()
}
