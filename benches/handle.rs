//! A task and its output, on an executor of one thread.

use async_executor::LocalExecutor;
use futures::FutureExt;
use pollster::block_on;
use selvedge_benches::{Group, Run, timed, yield_now};
use selvedge_context::{Execute, remote, spawn_on};

/// Spawns a task, and waits for its output.
macro_rules! output {
    ($name:literal, $body:expr) => {{
        let ours: Run = Box::new(|n| {
            let executor = LocalExecutor::new();
            timed(|| {
                block_on(executor.run(async {
                    for _ in 0..n {
                        spawn_on(&executor, $body).await.expect("it ends");
                    }
                }));
            })
        });
        let own: Run = Box::new(|n| {
            let executor = LocalExecutor::new();
            timed(|| {
                block_on(executor.run(async {
                    for _ in 0..n {
                        executor.spawn($body).await;
                    }
                }));
            })
        });
        let futures: Run = Box::new(|n| {
            let executor = LocalExecutor::new();
            timed(|| {
                block_on(executor.run(async {
                    for _ in 0..n {
                        let (task, handle) = $body.remote_handle();
                        executor.execute(task);
                        handle.await;
                    }
                }));
            })
        });
        Group {
            name: $name.into(),
            contestants: vec![("selvedge", ours), ("futures", futures), ("executor's own*", own)],
        }
    }};
}

/// The two halves alone, without an executor.
fn halves() -> Group {
    let ours: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n {
                let (task, handle) = remote(async { 1 });
                selvedge_benches::at_once(task);
                selvedge_benches::at_once(handle).expect("it ends");
            }
        })
    });
    let futures: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n {
                let (task, handle) = async { 1 }.remote_handle();
                selvedge_benches::at_once(task);
                selvedge_benches::at_once(handle);
            }
        })
    });
    Group {
        name: "handle/halves".into(),
        contestants: vec![("selvedge", ours), ("futures", futures)],
    }
}

pub(crate) fn groups() -> Vec<Group> {
    vec![halves(), output!("handle/ready", async { 1 }), output!("handle/yield", yield_now())]
}
