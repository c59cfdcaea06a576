//! A hundred calls a second for each user, two at once.

use std::time::{Duration, Instant};

use selvedge_context::decorate::{KeyedRateLimit, RateLimit, op};

static LIMITS: KeyedRateLimit<String> =
    KeyedRateLimit::new(RateLimit::new(100, Duration::from_secs(1)).burst(2));

async fn knock(user: &str, at: Instant) -> Duration {
    println!("{user} after {:?}", at.elapsed());
    at.elapsed()
}

fn main() {
    let knock = op(knock).rate_limit_by(&LIMITS, |(user, _): &(&str, Instant)| (*user).to_owned());
    pollster::block_on(async {
        let start = Instant::now();
        for _ in 0..2 {
            knock.call2("ann", start).await;
            knock.call2("bob", start).await;
        }
        let third = knock.call2("ann", start).await;
        assert!(third >= Duration::from_millis(10), "two at once, and then one each 10 ms");
    });
    LIMITS.collect(Instant::now() + Duration::from_secs(1));
    assert!(LIMITS.is_empty());
}
