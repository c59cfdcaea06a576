//! The mutex: alone, with an await inside, and short on two workers.

use std::{
    hint::black_box,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use selvedge_benches::{
    Group, Run, Task, at_once, on_one_thread, on_two_workers, timed, yield_now,
};

/// How many tasks the report on fairness looks at.
const TASKS: usize = 8;

/// What a task of that report got: its turns, and the most turns that others had in one wait.
type Got = (u64, u64);

/// One contestant on each workload, from its type.
macro_rules! contestant {
    ($mutex:ty) => {{
        let alone: fn() -> Run = || {
            let mutex = <$mutex>::new(Default::default());
            Box::new(move |n| {
                timed(|| {
                    pollster::block_on(async {
                        for _ in 0..n {
                            let mut guard = mutex.lock().await;
                            *guard += 1;
                            black_box(&mut *guard);
                        }
                    });
                })
            })
        };
        let once: fn() -> Run = || {
            let mutex = <$mutex>::new(Default::default());
            Box::new(move |n| {
                timed(|| {
                    for _ in 0..n {
                        drop(black_box(at_once(black_box(&mutex).lock())));
                    }
                })
            })
        };
        let inside: fn(u64) -> Run = |tasks| {
            Box::new(move |n| {
                let mutex = Arc::new(<$mutex>::new(Default::default()));
                let one = |mutex: Arc<$mutex>| -> Task {
                    Box::pin(async move {
                        for _ in 0..n.div_ceil(tasks) {
                            let mut guard = mutex.lock().await;
                            *guard += 1;
                            yield_now().await;
                        }
                    })
                };
                on_one_thread((0..tasks).map(|_| one(mutex.clone())).collect())
            })
        };
        let short: fn(u64) -> Run = |tasks| {
            Box::new(move |n| {
                let mutex = Arc::new(<$mutex>::new(Default::default()));
                let one = |mutex: Arc<$mutex>| -> Task {
                    Box::pin(async move {
                        for at in 0..n.div_ceil(tasks) {
                            let mut guard = mutex.lock().await;
                            *guard += 1;
                            black_box(&mut *guard);
                            if at % 64 == 63 {
                                yield_now().await;
                            }
                        }
                    })
                };
                on_two_workers((0..tasks).map(|_| one(mutex.clone())).collect())
            })
        };
        let fairness: fn(fn(Vec<Task>) -> Duration, bool) -> Vec<Got> = |run, inside| {
            let mutex = Arc::new(<$mutex>::new(Default::default()));
            let turns_of_all = Arc::new(AtomicU64::new(0));
            let over = Arc::new(AtomicBool::new(false));
            let got = Arc::new(std::sync::Mutex::new(Vec::new()));
            let end = Instant::now() + Duration::from_millis(200);
            let one = || -> Task {
                let (mutex, all) = (mutex.clone(), turns_of_all.clone());
                let (over, got) = (over.clone(), got.clone());
                Box::pin(async move {
                    let (mut turns, mut worst) = (0, 0);
                    while !over.load(Relaxed) {
                        let mut lock = std::pin::pin!(mutex.lock());
                        let mut queued = None;
                        let guard = std::future::poll_fn(|cx| {
                            let polled = lock.as_mut().poll(cx);
                            // Counted from when it stands in line: before that, the system may
                            // take the thread away for as long as it likes.
                            queued.get_or_insert_with(|| all.load(Relaxed));
                            polled
                        })
                        .await;
                        let overtaken = all.load(Relaxed) - queued.unwrap_or_default();
                        worst = worst.max(overtaken);
                        if over.load(Relaxed) {
                            break;
                        }
                        all.store(all.load(Relaxed) + 1, Relaxed);
                        turns += 1;
                        if inside {
                            yield_now().await;
                        }
                        drop(guard);
                        if turns % 64 == 0 {
                            if Instant::now() >= end {
                                over.store(true, Relaxed);
                            }
                            yield_now().await;
                        }
                    }
                    got.lock().expect("nobody panics").push((turns, worst));
                })
            };
            run((0..TASKS).map(|_| one()).collect());
            Arc::into_inner(got).expect("all are done").into_inner().expect("nobody panics")
        };
        (alone, once, inside, short, fairness)
    }};
}

/// Ours and the peers, around a value.
macro_rules! contestants {
    ($value:ty) => {
        [
            ("selvedge", contestant!(selvedge_sync::Mutex<$value>)),
            ("tokio", contestant!(tokio::sync::Mutex<$value>)),
            ("async-lock", contestant!(async_lock::Mutex<$value>)),
            ("mea", contestant!(mea::mutex::Mutex<$value>)),
            // One task may keep it for as long as it likes.
            ("futures*", contestant!(futures::lock::Mutex<$value>)),
        ]
    };
}

/// What the loop around an operation costs by itself.
fn bare_loop() -> Run {
    let mut value = 0_u64;
    Box::new(move |n| {
        timed(|| {
            pollster::block_on(async {
                for _ in 0..n {
                    value += 1;
                    black_box(&mut value);
                }
            });
        })
    })
}

/// What a lock costs that nobody can await.
fn floor() -> Run {
    let mutex = std::sync::Mutex::new(0_u64);
    Box::new(move |n| {
        timed(|| {
            for _ in 0..n {
                let mut guard = mutex.lock().expect("nobody panics");
                *guard += 1;
                black_box(&mut *guard);
            }
        })
    })
}

pub(crate) fn groups() -> Vec<Group> {
    let contestants = || contestants!(u64);
    let mut alone: Vec<_> = contestants().map(|(name, (alone, ..))| (name, alone())).into();
    alone.push(("std floor*", floor()));
    alone.push(("loop*", bare_loop()));
    let mut groups = vec![Group { name: "mutex/uncontended".into(), contestants: alone }];
    groups.push(Group {
        name: "mutex/one_poll".into(),
        contestants: contestants().map(|(name, (_, once, ..))| (name, once())).into(),
    });
    for tasks in [2, 8, 64, 1024] {
        groups.push(Group {
            name: format!("mutex/await_inside/{tasks}"),
            contestants: contestants()
                .map(|(name, (_, _, inside, ..))| (name, inside(tasks)))
                .into(),
        });
    }
    for tasks in [2, 8, 64] {
        groups.push(Group {
            name: format!("mutex/short/{tasks}"),
            contestants: contestants()
                .map(|(name, (_, _, _, short, _))| (name, short(tasks)))
                .into(),
        });
    }
    groups
}

/// How 8 tasks share a mutex, and how often the unluckiest wait was overtaken.
pub(crate) fn fairness() {
    let places = [("one thread", on_one_thread as fn(_) -> _), ("two workers", on_two_workers)];
    for (place, run) in places {
        for (inside, section) in [(true, "await inside"), (false, "short")] {
            if place == "one thread" && !inside {
                continue; // nobody ever waits there
            }
            println!("mutex/fairness, {TASKS} tasks, {place}, {section}");
            for (name, (.., fairness)) in contestants!(u64) {
                let got = fairness(run, inside);
                let all = got.iter().map(|(turns, _)| turns).sum::<u64>().max(1) as f64;
                let share = |turns: u64| turns as f64 * TASKS as f64 / all;
                let least = got.iter().map(|(turns, _)| *turns).min().unwrap_or(0);
                let most = got.iter().map(|(turns, _)| *turns).max().unwrap_or(0);
                let worst = got.iter().map(|(_, worst)| *worst).max().unwrap_or(0);
                let (least, most) = (share(least), share(most));
                println!(
                    "  {name:<14} share {least:.3} to {most:.3}, others' turns in one wait {worst}"
                );
            }
        }
    }
}
