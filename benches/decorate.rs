//! Decorated functions that nothing disturbs, a file each; here those that are measured together:
//! timeout + limit + retry.

mod breaker;
mod buffer;
mod cache;
mod hedge;
mod instrument;
mod rate_limit;
mod rate_limit_by;
mod retry;
mod single_flight;
mod throttle;
mod tracing;

use std::{
    convert::Infallible,
    future::{Ready, ready},
    hint::black_box,
    time::Duration,
};

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::decorate::{Backoff, CallError, Retry, op};
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

fn group(name: &str, contestants: Vec<(&'static str, Run)>) -> Group {
    Group { name: format!("decorate/{name}"), contestants }
}

pub(crate) fn groups() -> Vec<Group> {
    let all = [
        breaker::groups,
        buffer::groups,
        cache::groups,
        hedge::groups,
        instrument::groups,
        rate_limit::groups,
        rate_limit_by::groups,
        retry::groups,
        single_flight::groups,
        throttle::groups,
        tracing::groups,
    ];
    let others = all.into_iter().flat_map(|groups| groups());
    [group("chain", chain())].into_iter().chain(others).collect()
}
