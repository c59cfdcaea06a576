//! Sleeps twice, and shows that it was never early.

use std::time::{Duration, Instant};

use selvedge_timer::{sleep, sleep_until};

fn main() {
    let start = Instant::now();
    pollster::block_on(async {
        sleep(Duration::from_millis(10)).await;
        assert!(start.elapsed() >= Duration::from_millis(10));
        sleep_until(start + Duration::from_millis(30)).await;
        assert!(start.elapsed() >= Duration::from_millis(30));
    });
    println!("awake after {:?}", start.elapsed());
}
