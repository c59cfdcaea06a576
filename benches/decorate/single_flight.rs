//! Calls that are shared: one that nobody joins, and one that eight tasks ask for.

use std::{hint::black_box, sync::Arc};

use selvedge_benches::{
    Group, Run, Task, at_once, on_one_thread, on_two_workers, timed, yield_now,
};
use selvedge_context::decorate::Flight;

/// How many ask for one key at a time.
const HERD: u64 = 8;

async fn slow(n: u64) -> u64 {
    yield_now().await;
    n
}

fn alone() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        let flight = Flight::<u64, u64>::new();
        timed(|| {
            for key in 0..n {
                let run = black_box(&flight).run(key % 100, || async move { key });
                assert_eq!(black_box(at_once(run)), key);
            }
        })
    });
    let theirs: Run = Box::new(|n| {
        let flight = singleflight_async::SingleFlight::<u64, u64>::new();
        timed(|| {
            for key in 0..n {
                let run = black_box(&flight).work(key % 100, || async move { key });
                assert_eq!(black_box(at_once(run)), key);
            }
        })
    });
    let group: Run = Box::new(|n| {
        let flight = async_singleflight::Group::<u64, u64, ()>::new();
        timed(|| {
            for key in 0..n {
                let name = key % 100;
                let run = black_box(&flight).work(&name, async move { Ok(key) });
                assert_eq!(black_box(at_once(run)).ok(), Some(key));
            }
        })
    });
    vec![("selvedge", ours), ("singleflight-async", theirs), ("async_singleflight", group)]
}

/// Rounds of tasks that ask for the key of their round.
macro_rules! herd {
    ($run:ident, $flight:expr, |$shared:ident, $key:ident| $ask:expr) => {
        Box::new(|n| {
            let flight = Arc::new($flight);
            let task = || -> Task {
                let $shared = flight.clone();
                Box::pin(async move {
                    for $key in 0..n.div_ceil(HERD) {
                        _ = black_box($ask);
                    }
                })
            };
            $run((0..HERD).map(|_| task()).collect())
        })
    };
}

macro_rules! herds {
    ($name:ident, $run:ident) => {
        fn $name() -> Vec<(&'static str, Run)> {
            let ours: Run = herd!($run, Flight::<u64, u64>::new(), |flight, key| flight
                .run(key, || slow(key))
                .await);
            let theirs: Run =
                herd!($run, singleflight_async::SingleFlight::<u64, u64>::new(), |flight, key| {
                    flight.work(key, || slow(key)).await
                });
            let group: Run =
                herd!($run, async_singleflight::Group::<u64, u64, ()>::new(), |flight, key| flight
                    .work(&key, async move { Ok(slow(key).await) })
                    .await);
            vec![("selvedge", ours), ("singleflight-async", theirs), ("async_singleflight", group)]
        }
    };
}
herds!(herd, on_one_thread);
herds!(two_workers, on_two_workers);

pub(crate) fn groups() -> Vec<Group> {
    let group = |name: &str, contestants| Group {
        name: format!("decorate/single_flight/{name}"),
        contestants,
    };
    Vec::from([group("alone", alone()), group("herd", herd()), group("two_workers", two_workers())])
}
