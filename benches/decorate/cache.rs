//! Kept answers: one that is there, one that is missing and kept, on a clock that costs nothing.

use std::{hint::black_box, time::Duration};

use selvedge_benches::{Group, Run, Task, at_once, on_two_workers, timed};
use selvedge_context::decorate::{Cache, Flight};

/// How many keys there are, and half as much room.
const KEYS: u64 = 1000;

macro_rules! contestants {
    (|$key:ident| $index:expr) => {{
        let ours: Run = Box::new(|n| {
            let cache = Cache::<u64, u64>::new(KEYS as usize / 2);
            timed(|| {
                for at in 0..n {
                    let $key = at;
                    let run = black_box(&cache).run($index, || async move { at });
                    black_box(at_once(run));
                }
            })
        });
        let moka: Run = Box::new(|n| {
            let cache = moka::future::Cache::<u64, u64>::new(KEYS / 2);
            timed(|| {
                for at in 0..n {
                    let $key = at;
                    black_box(at_once(black_box(&cache).get_with($index, async move { at })));
                }
            })
        });
        let quick: Run = Box::new(|n| {
            let cache = quick_cache::sync::Cache::<u64, u64>::new(KEYS as usize / 2);
            timed(|| {
                for at in 0..n {
                    let $key = at;
                    let key = $index;
                    let run = cache.get_or_insert_async(&key, async move { Ok::<_, ()>(at) });
                    black_box(at_once(run)).ok();
                }
            })
        });
        vec![("selvedge", ours), ("moka", moka), ("quick_cache", quick)]
    }};
}

/// Ours with a flight inside, which the others have built in.
fn flights() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        let cache = Cache::<u64, u64>::new(KEYS as usize / 2).ttl(Duration::from_secs(60));
        let flight = Flight::<u64, u64>::new();
        timed(|| {
            for at in 0..n {
                let key = at % KEYS;
                let run = black_box(&cache).run(key, || flight.run(key, || async move { at }));
                black_box(at_once(run));
            }
        })
    });
    let moka: Run = Box::new(|n| {
        let cache = moka::future::Cache::builder()
            .max_capacity(KEYS / 2)
            .time_to_live(Duration::from_secs(60))
            .build();
        timed(|| {
            for at in 0..n {
                let key: u64 = at % KEYS;
                black_box(at_once(black_box(&cache).get_with(key, async move { at })));
            }
        })
    });
    vec![("selvedge", ours), ("moka", moka)]
}

/// Two workers look at what is there.
fn two_workers() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        let cache = std::sync::Arc::new(Cache::<u64, u64>::new(KEYS as usize / 2));
        on_two_workers(Vec::from([(); 2].map(|()| -> Task {
            let cache = cache.clone();
            Box::pin(async move {
                for at in 0..n / 2 {
                    black_box(cache.run(at % 100, || async move { at }).await);
                }
            })
        })))
    });
    let moka: Run = Box::new(|n| {
        let cache = moka::future::Cache::<u64, u64>::new(KEYS / 2);
        on_two_workers(Vec::from([(); 2].map(|()| -> Task {
            let cache = cache.clone();
            Box::pin(async move {
                for at in 0..n / 2 {
                    black_box(cache.get_with(at % 100, async move { at }).await);
                }
            })
        })))
    });
    let quick: Run = Box::new(|n| {
        let cache =
            std::sync::Arc::new(quick_cache::sync::Cache::<u64, u64>::new(KEYS as usize / 2));
        on_two_workers(Vec::from([(); 2].map(|()| -> Task {
            let cache = cache.clone();
            Box::pin(async move {
                for at in 0..n / 2 {
                    let key = at % 100;
                    let run = cache.get_or_insert_async(&key, async move { Ok::<_, ()>(at) });
                    black_box(run.await).ok();
                }
            })
        })))
    });
    vec![("selvedge", ours), ("moka", moka), ("quick_cache", quick)]
}

pub(crate) fn groups() -> Vec<Group> {
    let group =
        |name: &str, contestants| Group { name: format!("decorate/cache/{name}"), contestants };
    Vec::from([
        group("hit", contestants!(|key| key % 100)),
        group("miss", contestants!(|key| key % KEYS)),
        group("miss_in_flight", flights()),
        group("two_workers", two_workers()),
    ])
}
