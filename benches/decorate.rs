//! Decorated functions that nothing disturbs: timeout + limit + retry, a rate limit, a retry.

mod cache;
mod single_flight;

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    hint::black_box,
    num::NonZeroU32,
    pin::pin,
    task::{Context, Waker},
    time::{Duration, Instant},
};

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::decorate::{
    Backoff, Breaker, CallError, Hedge, KeyedRateLimit, Latency, Quanta, RateLimit, Retry,
    Throttle, op,
};
use selvedge_sync::Semaphore;
use tower::{Service, ServiceBuilder, retry::Policy};

type Failed = CallError<Infallible>;

async fn double(n: u64) -> Result<u64, Failed> {
    Ok(2 * n)
}

/// Two retries after an error, as ours.
#[derive(Clone)]
struct Twice(u32);

impl<E> Policy<u64, u64, E> for Twice {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut u64, result: &mut Result<u64, E>) -> Option<Ready<()>> {
        if result.is_ok() || self.0 == 0 {
            return None;
        }
        self.0 -= 1;
        Some(ready(()))
    }

    fn clone_request(&mut self, request: &u64) -> Option<u64> {
        Some(*request)
    }
}

fn chain() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        static LIMIT: Semaphore = Semaphore::new(8);
        let chain = op(double)
            .timeout(Duration::from_secs(1))
            .limit(&LIMIT)
            .retry(Retry::new(Backoff::constant(Duration::ZERO)));
        timed(|| {
            for at in 0..n {
                assert_eq!(black_box(at_once(black_box(&chain).call(at))), Ok(2 * at));
            }
        })
    });
    let tower: Run = Box::new(|n| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("tokio starts");
        let _entered = runtime.enter();
        let mut service = ServiceBuilder::new()
            .retry(Twice(2))
            .concurrency_limit(8)
            .timeout(Duration::from_secs(1))
            .service_fn(async |n: u64| Ok::<_, Infallible>(2 * n));
        timed(|| {
            for at in 0..n {
                let ready = std::future::poll_fn(|cx| service.poll_ready(cx));
                assert!(at_once(ready).is_ok());
                assert_eq!(black_box(at_once(service.call(at))).ok(), Some(2 * at));
            }
        })
    });
    vec![("selvedge", ours), ("tower", tower)]
}

/// So high a rate that nobody waits.
const MANY: u32 = 1_000_000_000;

static RATE: RateLimit = RateLimit::new(MANY, Duration::from_secs(1)).burst(MANY);

fn quota() -> governor::Quota {
    governor::Quota::per_second(NonZeroU32::new(MANY).expect("not 0"))
}

/// Both with the processor's counter.
fn rate_limit() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        let limited = op(double).with_time(Quanta::new()).rate_limit(&RATE);
        timed(|| {
            for at in 0..n {
                assert_eq!(black_box(at_once(black_box(&limited).call(at))), Ok(2 * at));
            }
        })
    });
    let governor: Run = Box::new(|n| {
        let limiter = governor::RateLimiter::direct(quota());
        timed(|| {
            for at in 0..n {
                let call = async {
                    black_box(&limiter).until_ready().await;
                    double(at).await
                };
                assert_eq!(black_box(at_once(call)), Ok(2 * at));
            }
        })
    });
    vec![("selvedge", ours), ("governor", governor)]
}

/// One key of a few, each limited for itself.
fn rate_limit_by() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        static LIMITS: KeyedRateLimit<u64> =
            KeyedRateLimit::new(RateLimit::new(MANY, Duration::from_secs(1)).burst(MANY));
        let limited = op(double).with_time(Quanta::new());
        let limited = limited.rate_limit_by(&LIMITS, |(n,): &(u64,)| n % 16);
        timed(|| {
            for at in 0..n {
                assert_eq!(black_box(at_once(black_box(&limited).call(at))), Ok(2 * at));
            }
        })
    });
    let governor: Run = Box::new(|n| {
        let limiter = governor::RateLimiter::hashmap(quota());
        timed(|| {
            for at in 0..n {
                let call = async {
                    black_box(&limiter).until_key_ready(&(at % 16)).await;
                    double(at).await
                };
                assert_eq!(black_box(at_once(call)), Ok(2 * at));
            }
        })
    });
    vec![("selvedge", ours), ("governor", governor)]
}

/// The check alone, both with the clock of the system as `std` reads it.
fn rate_limit_std() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n {
                assert!(black_box(&RATE).try_take(Instant::now(), 1).is_ok());
            }
        })
    });
    let governor: Run = Box::new(|n| {
        let clock = governor::clock::MonotonicClock;
        let limiter = governor::RateLimiter::direct_with_clock(quota(), clock);
        timed(|| {
            for _ in 0..n {
                assert!(black_box(&limiter).check().is_ok());
            }
        })
    });
    vec![("selvedge", ours), ("governor", governor)]
}

fn retry() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        let policy = Retry::new(Backoff::exponential(Duration::from_millis(1)));
        let steady = op(double).retry(policy);
        timed(|| {
            for at in 0..n {
                assert_eq!(black_box(at_once(black_box(&steady).call(at))), Ok(2 * at));
            }
        })
    });
    let backon: Run = Box::new(|n| {
        use backon::Retryable;
        let policy = backon::ExponentialBuilder::default();
        timed(|| {
            for at in 0..n {
                let call = (|| double(at)).retry(black_box(policy)).sleep(|_| ready(()));
                assert_eq!(black_box(at_once(call.into_future())), Ok(2 * at));
            }
        })
    });
    vec![("selvedge", ours), ("backon", backon)]
}

fn breaker() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        static BREAKER: Breaker = Breaker::new(100);
        let guarded = op(double).breaker(&BREAKER);
        timed(|| {
            for at in 0..n {
                assert_eq!(black_box(at_once(black_box(&guarded).call(at))), Ok(2 * at));
            }
        })
    });
    let failsafe: Run = Box::new(|n| {
        use failsafe::futures::CircuitBreaker;
        let breaker = failsafe::Config::new().build();
        timed(|| {
            for at in 0..n {
                let call = black_box(&breaker).call(double(at));
                assert_eq!(black_box(at_once(call)).ok(), Some(2 * at));
            }
        })
    });
    vec![("selvedge", ours), ("failsafe", failsafe)]
}

/// Calls that are hedged, and need not be.
fn hedge() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        static LATENCY: Latency = Latency::new(95);
        let hedged = op(double).hedge(Hedge::after(&LATENCY));
        timed(|| {
            for at in 0..n {
                assert_eq!(black_box(at_once(black_box(&hedged).call(at))), Ok(2 * at));
            }
        })
    });
    let tower: Run = Box::new(|n| {
        #[derive(Clone)]
        struct Always;
        impl tower::hedge::Policy<u64> for Always {
            fn clone_request(&self, request: &u64) -> Option<u64> {
                Some(*request)
            }
            fn can_retry(&self, _: &u64) -> bool {
                true
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect("tokio starts");
        let _entered = runtime.enter();
        let double = tower::service_fn(async |n: u64| Ok::<_, Infallible>(2 * n));
        let window = Duration::from_secs(60);
        let mut service = tower::hedge::Hedge::new(double, Always, 100, 0.95, window);
        timed(|| {
            for at in 0..n {
                let ready = std::future::poll_fn(|cx| service.poll_ready(cx));
                assert!(at_once(ready).is_ok());
                assert_eq!(black_box(at_once(service.call(at))).ok(), Some(2 * at));
            }
        })
    });
    vec![("selvedge", ours), ("tower", tower)]
}

/// A call that another future makes, both polled in turn.
fn buffer() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        let (handle, driver) = selvedge_context::decorate::buffer(op(double), 8, 1);
        let (mut driver, cx) = (pin!(driver), &mut Context::from_waker(Waker::noop()));
        timed(|| {
            for at in 0..n {
                let mut call = pin!(black_box(&handle).call((at,)));
                assert!(call.as_mut().poll(cx).is_pending());
                assert!(driver.as_mut().poll(cx).is_pending());
                assert_eq!(black_box(at_once(call)), Ok(2 * at));
            }
        })
    });
    let tower: Run = Box::new(|n| {
        let service = tower::service_fn(async |n: u64| Ok::<_, Infallible>(2 * n));
        let (mut handle, worker) = tower::buffer::Buffer::pair(service, 8);
        let (mut worker, cx) = (pin!(worker), &mut Context::from_waker(Waker::noop()));
        timed(|| {
            for at in 0..n {
                assert!(handle.poll_ready(cx).is_ready());
                let mut call = pin!(handle.call(at));
                assert!(call.as_mut().poll(cx).is_pending());
                assert!(worker.as_mut().poll(cx).is_pending());
                assert_eq!(black_box(at_once(call)).ok(), Some(2 * at));
            }
        })
    });
    vec![("selvedge", ours), ("tower", tower)]
}

/// A call that finds no window; there is no peer that has a caller for each call.
fn throttle() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        static EDGE: Throttle = Throttle::new(Duration::ZERO);
        let throttled = op(double).with_time(Quanta::new()).throttle(&EDGE);
        timed(|| {
            for at in 0..n {
                assert_eq!(black_box(at_once(black_box(&throttled).call(at))), Ok(2 * at));
            }
        })
    });
    vec![("selvedge", ours)]
}

pub(crate) fn groups() -> Vec<Group> {
    let group = |name: &str, contestants| Group { name: format!("decorate/{name}"), contestants };
    let mut groups = Vec::from([
        group("breaker", breaker()),
        group("buffer", buffer()),
        group("chain", chain()),
        group("hedge", hedge()),
        group("rate_limit", rate_limit()),
        group("rate_limit_by", rate_limit_by()),
        group("rate_limit_std", rate_limit_std()),
        group("retry", retry()),
        group("throttle", throttle()),
    ]);
    groups.extend(cache::groups());
    groups.extend(single_flight::groups());
    groups
}
