//! Decorated functions are called from tasks.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use futures_lite::future::yield_now;
use selvedge::{
    context::decorate::{
        Backoff, Breaker, BreakerState, BufferClosed, Cache, CallError, Debounce, Flight, Hedge,
        KeyedRateLimit, RateLimit, Refused, Retry, SendCall, Skipped, Throttle, buffer, op,
    },
    sync::Semaphore,
};

use crate::{Crew, TASKS, hosts::Tasks};

type Answer = Result<u32, CallError<&'static str>>;

pub(crate) async fn a_call_is_retried_and_cut(tasks: Tasks) {
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        crew.add(async {
            let calls = Arc::new(AtomicUsize::new(0));
            let counted = calls.clone();
            let flaky = move |(): ()| {
                let number = counted.fetch_add(1, SeqCst);
                async move {
                    match number {
                        0 => Err(CallError::Inner("try again")),
                        1 => pending().await,
                        _ => Answer::Ok(7),
                    }
                }
            };
            let backoff = Backoff::constant(Duration::from_millis(1)).attempts(4);
            let steady = op(flaky).timeout(Duration::from_millis(2)).retry(Retry::new(backoff));
            assert_eq!(steady.send_call(((),)).await, Ok(7));
            assert_eq!(calls.load(SeqCst), 3);
        });
    }
    crew.end().await;
}

pub(crate) async fn calls_are_limited_and_shed(tasks: Tasks) {
    let (limit, inside) = (Arc::new(Semaphore::new(2)), Arc::new(AtomicUsize::new(0)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let (limit, inside) = (limit.clone(), inside.clone());
        crew.add(async move {
            let busy = move |(): ()| {
                let inside = inside.clone();
                async move {
                    assert!(inside.fetch_add(1, SeqCst) < 2);
                    yield_now().await;
                    inside.fetch_sub(1, SeqCst);
                    Answer::Ok(1)
                }
            };
            let limited = op(busy.clone()).limit(limit.clone());
            for _ in 0..5 {
                assert_eq!(limited.send_call(((),)).await, Ok(1));
            }
            let shed = op(busy).shed(limit);
            let answer = shed.send_call(((),)).await;
            assert!(matches!(answer, Ok(1) | Err(CallError::Refused(Refused::Full))));
        });
    }
    crew.end().await;
    assert_eq!(limit.available_permits(), 2);
}

pub(crate) async fn calls_are_spread_over_time(tasks: Tasks) {
    let rate = Arc::new(RateLimit::new(1000, Duration::from_secs(1)).burst(2));
    let (start, mut crew) = (Instant::now(), Crew::new(&tasks));
    for _ in 0..TASKS {
        let rate = rate.clone();
        crew.add(async move {
            let knock = op(|(): ()| async { Answer::Ok(1) }).rate_limit(rate);
            assert_eq!(knock.send_call(((),)).await, Ok(1));
        });
    }
    crew.end().await;
    let spread = u32::try_from(TASKS).unwrap() - 2;
    assert!(start.elapsed() >= Duration::from_millis(1) * spread);
}

pub(crate) async fn a_breaker_opens_and_closes(tasks: Tasks) {
    let breaker = Arc::new(Breaker::new(4).wait(Duration::from_millis(20)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let breaker = breaker.clone();
        crew.add(async move {
            let ask = op(|(): ()| async { Answer::Err(CallError::Inner("no answer")) });
            assert!(ask.breaker(breaker).send_call(((),)).await.is_err());
        });
    }
    crew.end().await;
    assert_eq!(breaker.state(), BreakerState::Open);
    selvedge::time::sleep(Duration::from_millis(20)).await;
    let ask = op(|(): ()| async { Answer::Ok(3) }).breaker(breaker.clone());
    assert_eq!(ask.send_call(((),)).await, Ok(3));
    assert_eq!(breaker.state(), BreakerState::Closed);
}

pub(crate) async fn a_chain_keeps_its_order(tasks: Tasks) {
    let calls = Arc::new(AtomicUsize::new(0));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let calls = calls.clone();
        crew.add(async move {
            let ask = op(move |(): ()| {
                calls.fetch_add(1, SeqCst);
                async { Answer::Err(CallError::Inner("no answer")) }
            })
            .retry(Retry::new(Backoff::constant(Duration::ZERO).attempts(3)))
            .fallback(|_: CallError<&str>, ((),): ((),)| async { Answer::Ok(0) })
            .timeout(Duration::from_secs(60));
            assert_eq!(ask.send_call(((),)).await, Ok(0));
        });
    }
    crew.end().await;
    assert_eq!(calls.load(SeqCst), 3 * TASKS);
}

pub(crate) async fn one_call_serves_all(tasks: Tasks) {
    let requests = Arc::new(AtomicUsize::new(0));
    let (flight, kept) = (Arc::new(Flight::<u32, u32>::new()), Arc::new(Cache::<u32, u32>::new(8)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let (requests, flight, kept) = (requests.clone(), flight.clone(), kept.clone());
        crew.add(async move {
            let key = |&(page,): &(u32,)| page;
            let ask = op(move |page: u32| {
                requests.fetch_add(1, SeqCst);
                async move {
                    yield_now().await;
                    Answer::Ok(page + 1)
                }
            });
            let ask = ask.cache(kept.clone(), key).single_flight(flight, key).cache(kept, key);
            assert_eq!(ask.send_call((6,)).await, Ok(7));
        });
    }
    crew.end().await;
    assert_eq!(requests.load(SeqCst), 1);
    assert!(flight.is_empty());
}

pub(crate) async fn a_late_call_is_made_again(tasks: Tasks) {
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        crew.add(async {
            let calls = AtomicUsize::new(0);
            let late = op(move |(): ()| {
                let number = calls.fetch_add(1, SeqCst);
                async move { if number == 0 { pending().await } else { Answer::Ok(7) } }
            });
            let hedged = late.hedge(Hedge::after(Duration::from_millis(1)));
            assert_eq!(hedged.send_call(((),)).await, Ok(7));
        });
    }
    crew.end().await;
}

pub(crate) async fn of_a_burst_few_are_called(tasks: Tasks) {
    let called = Arc::new(AtomicUsize::new(0));
    let window = Duration::from_millis(5);
    let (throttle, debounce) = (Arc::new(Throttle::new(window)), Arc::new(Debounce::new(window)));
    let mut crew = Crew::new(&tasks);
    for _ in 0..TASKS {
        let (throttle, debounce, called) = (throttle.clone(), debounce.clone(), called.clone());
        crew.add(async move {
            let count = |called: Arc<AtomicUsize>| {
                move |(): ()| {
                    let called = called.clone();
                    async move {
                        called.fetch_add(1, SeqCst);
                        Ok::<(), Skipped>(())
                    }
                }
            };
            let some = op(count(called.clone())).throttle(throttle);
            let last = op(count(called.clone())).debounce(debounce);
            for answer in [some.send_call(((),)).await, last.send_call(((),)).await] {
                match answer {
                    Ok(()) => called.fetch_sub(1, SeqCst),
                    Err(Skipped) => 0,
                };
            }
        });
    }
    let start = Instant::now();
    crew.end().await;
    // The last to come is always called, after the window.
    assert!(start.elapsed() >= window);
    assert_eq!(called.load(SeqCst), 0, "whoever was called was told so");
}

pub(crate) async fn a_buffer_serves_all(tasks: Tasks) {
    let sum = Arc::new(AtomicUsize::new(0));
    let added = sum.clone();
    let add = op(move |number: usize| {
        let sum = added.fetch_add(number, SeqCst) + number;
        async move { Ok::<_, BufferClosed>(sum) }
    });
    let (handle, driver) = buffer(add, 2, 1);
    let mut crew = Crew::new(&tasks);
    crew.add(driver);
    for number in 0..TASKS {
        let handle = handle.clone();
        crew.add(async move {
            let sum = handle.call((number,)).await.expect("the driver runs");
            assert!(sum >= number);
        });
    }
    drop(handle);
    crew.end().await;
    assert_eq!(sum.load(SeqCst), TASKS * (TASKS - 1) / 2);
}

pub(crate) async fn each_key_has_its_rate(tasks: Tasks) {
    let rate = RateLimit::new(1000, Duration::from_secs(1)).burst(TASKS as u32);
    let limits = Arc::new(KeyedRateLimit::new(rate));
    let mut crew = Crew::new(&tasks);
    for number in 0..TASKS {
        let limits = limits.clone();
        crew.add(async move {
            let knock = op(|who: usize| async move { who });
            let knock = knock.rate_limit_by(limits, |&(who,): &(usize,)| who % 3);
            assert_eq!(knock.send_call((number,)).await, number);
        });
    }
    crew.end().await;
    limits.collect(Instant::now() + Duration::from_secs(1));
    assert!(limits.is_empty());
}
