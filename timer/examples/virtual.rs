//! A week of retries, tested in no time.

use std::time::{Duration, Instant};

use selvedge_timer::{Timer, VirtualClock, sleep, timeout};

/// Asks a server that never answers, and waits twice as long each time.
async fn retry(times: u32) {
    let mut pause = Duration::from_secs(60);
    for _ in 0..times {
        let answer = std::future::pending::<()>();
        assert!(timeout(Duration::from_secs(10), answer).await.is_err());
        sleep(pause).await;
        pause *= 2;
    }
}

fn main() {
    let clock = VirtualClock::new();
    let _entered = clock.enter();
    let (start, real) = (clock.now(), Instant::now());
    pollster::block_on(clock.auto_advance(retry(14)));
    let took = clock.now() - start;
    assert_eq!(took, Duration::from_secs(60 * ((1 << 14) - 1) + 140));
    assert!(real.elapsed() < Duration::from_secs(1));
    println!("{} days passed", took.as_secs() / 86_400);
}
