//! A flaky function, called until it works, within a budget.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use selvedge_context::decorate::{Backoff, Budget, Jitter, Retry, op};

/// One retry for ten calls, and five when it has been quiet.
static BUDGET: Budget = Budget::new(10, 5);
static CALLS: AtomicU32 = AtomicU32::new(0);

async fn flaky(name: &str) -> Result<usize, &'static str> {
    if CALLS.fetch_add(1, Relaxed) % 3 < 2 { Err("try again") } else { Ok(name.len()) }
}

fn main() {
    let backoff = Backoff::exponential(Duration::from_millis(2)).attempts(4).jitter(Jitter::Full);
    let steady = op(flaky).retry(Retry::new(backoff).budget(&BUDGET).on_retry(
        |attempt: selvedge_context::decorate::Attempt, output: &Result<usize, &str>, delay| {
            println!("attempt {} ended with {output:?}; again in {delay:?}", attempt.number);
        },
    ));
    pollster::block_on(async {
        assert_eq!(steady.call("weft").await, Ok(4));
        assert_eq!(steady.call("warp").await, Ok(4));
    });
    println!("{} calls, {} retries left", CALLS.load(Relaxed), BUDGET.left());
}
