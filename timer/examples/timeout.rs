//! A request that may take 50 ms, twice: one reply comes in time, the other does not.

use std::time::Duration;

use selvedge_timer::{Elapsed, sleep, timeout};

async fn reply_after(duration: Duration) -> &'static str {
    sleep(duration).await;
    "a reply"
}

fn main() {
    let limit = Duration::from_millis(50);
    pollster::block_on(async {
        assert_eq!(timeout(limit, reply_after(Duration::ZERO)).await, Ok("a reply"));
        assert_eq!(timeout(limit, reply_after(Duration::from_secs(600))).await, Err(Elapsed));
    });
    println!("one in time, one too late");
}
