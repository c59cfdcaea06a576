//! A hundred calls a second, five at once.

use std::time::{Duration, Instant};

use selvedge_context::decorate::{CallError, RateLimit, op};

static RATE: RateLimit = RateLimit::new(100, Duration::from_secs(1)).burst(5);

async fn knock(at: Instant) -> Result<Duration, CallError<std::io::Error>> {
    Ok(at.elapsed())
}

fn main() {
    let knock = op(knock).rate_limit(&RATE);
    pollster::block_on(async {
        let start = Instant::now();
        for _ in 0..10 {
            println!(
                "after {:?}",
                knock.call(start).await.expect("no call costs more than a burst")
            );
        }
        assert!(start.elapsed() >= Duration::from_millis(50), "five had to wait for 10 ms each");
    });
}
