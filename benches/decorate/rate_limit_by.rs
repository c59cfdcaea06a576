//! One key of a few, each limited for itself.

use std::{hint::black_box, time::Duration};

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::decorate::{KeyedRateLimit, Quanta, RateLimit, op};

use super::{
    double, group,
    rate_limit::{MANY, quota},
};

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

pub(crate) fn groups() -> Vec<Group> {
    Vec::from([group("rate_limit_by", rate_limit_by())])
}
