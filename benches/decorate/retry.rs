//! A retry that is not needed.

use std::{future::ready, hint::black_box, time::Duration};

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::decorate::{Backoff, Retry, op};

use super::{double, group};

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

pub(crate) fn groups() -> Vec<Group> {
    Vec::from([group("retry", retry())])
}
