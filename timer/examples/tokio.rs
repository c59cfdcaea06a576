//! Time by tokio: its timer wakes the tasks, wherever they run.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use selvedge_timer::{Elapsed, TokioTimer, interval_on, sleep_on, timeout_on};

const MILLI: Duration = Duration::from_millis(1);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_time().build()?;
    let timer = TokioTimer::new(runtime.handle().clone())?;

    // A task of the runtime.
    let beats = runtime.spawn({
        let timer = timer.clone();
        async move {
            let mut beat = interval_on(timer, 2 * MILLI);
            for _ in 0..3 {
                beat.tick().await;
            }
        }
    });

    // And one of none.
    let start = Instant::now();
    pollster::block_on(async {
        sleep_on(&timer, 3 * MILLI).await;
        assert_eq!(timeout_on(&timer, MILLI, pending::<()>()).await, Err(Elapsed));
    });
    assert!(start.elapsed() >= 4 * MILLI);
    pollster::block_on(beats)?;
    println!("woken by tokio after {:?}", start.elapsed());
    Ok(())
}
