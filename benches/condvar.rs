//! The condition variable: for nobody, one wait, and two tasks that wait for each other.

use std::{hint::black_box, sync::Arc, task::Context};

use selvedge_benches::{Group, Run, Task, on_one_thread, on_two_workers, timed};

/// One contestant on each workload, from its types.
macro_rules! contestant {
    ($condvar:ty, $mutex:ty) => {{
        let nobody: fn() -> Run = || {
            let condvar = <$condvar>::new();
            Box::new(move |n| {
                timed(|| {
                    for _ in 0..n {
                        black_box(&condvar).notify_one();
                    }
                })
            })
        };
        let wait: fn() -> Run = || {
            let (condvar, mutex) = (<$condvar>::new(), <$mutex>::new(0_u64));
            Box::new(move |n| {
                let cx = &mut Context::from_waker(std::task::Waker::noop());
                timed(|| {
                    for _ in 0..n {
                        let mut wait = std::pin::pin!(async {
                            let guard = mutex.lock().await;
                            *condvar.wait(guard).await
                        });
                        assert!(wait.as_mut().poll(cx).is_pending());
                        condvar.notify_one();
                        assert!(black_box(wait.as_mut().poll(cx)).is_ready());
                    }
                })
            })
        };
        let turns: fn(u64, fn(Vec<Task>) -> _) -> Run = |tasks, run| {
            Box::new(move |n| {
                let shared = Arc::new((<$condvar>::new(), <$mutex>::new(0_u64)));
                let one = |shared: Arc<($condvar, $mutex)>, who: u64| -> Task {
                    Box::pin(async move {
                        for _ in 0..n.div_ceil(tasks) {
                            let mut turn = shared.1.lock().await;
                            while *turn % tasks != who {
                                turn = shared.0.wait(turn).await;
                            }
                            *turn += 1;
                            shared.0.notify_all();
                        }
                    })
                };
                run((0..tasks).map(|who| one(shared.clone(), who)).collect())
            })
        };
        (nobody, wait, turns)
    }};
}

pub(crate) fn groups() -> Vec<Group> {
    macro_rules! each {
        (|$contestant:ident| $run:expr) => {
            [
                ("selvedge", contestant!(selvedge_sync::Condvar, selvedge_sync::Mutex<u64>)),
                ("mea", contestant!(mea::condvar::Condvar, mea::mutex::Mutex<u64>)),
            ]
            .map(|(name, $contestant)| (name, $run))
            .into()
        };
    }
    let mut groups = vec![
        Group { name: "condvar/notify_nobody".into(), contestants: each!(|c| c.0()) },
        Group { name: "condvar/wait".into(), contestants: each!(|c| c.1()) },
    ];
    let places = [("one_thread", on_one_thread as fn(_) -> _), ("two_workers", on_two_workers)];
    for (place, run) in places {
        for tasks in [2, 8] {
            let contestants = each!(|c| c.2(tasks, run));
            groups.push(Group { name: format!("condvar/{place}/{tasks}_in_turn"), contestants });
        }
    }
    groups
}
