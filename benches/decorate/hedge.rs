//! Calls that are hedged, and need not be.

use std::{convert::Infallible, hint::black_box, time::Duration};

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::decorate::{Hedge, Latency, op};
use tower::Service;

use super::{double, group};

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

pub(crate) fn groups() -> Vec<Group> {
    Vec::from([group("hedge", hedge())])
}
