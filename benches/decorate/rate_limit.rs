//! A rate so high that nobody waits: a call, and the check alone.

use std::{
    hint::black_box,
    num::NonZeroU32,
    time::{Duration, Instant},
};

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::decorate::{Quanta, RateLimit, op};

use super::{double, group};

/// So high a rate that nobody waits.
pub(super) const MANY: u32 = 1_000_000_000;

static RATE: RateLimit = RateLimit::new(MANY, Duration::from_secs(1)).burst(MANY);

pub(super) fn quota() -> governor::Quota {
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

pub(crate) fn groups() -> Vec<Group> {
    Vec::from([group("rate_limit", rate_limit()), group("rate_limit_std", rate_limit_std())])
}
