//! Time by async-io, beside its sockets: no second thread wakes.

use std::{
    future::pending,
    time::{Duration, Instant},
};

use selvedge_timer::{AsyncIoTimer, Elapsed, Timer, sleep, timeout};

const MILLI: Duration = Duration::from_millis(1);

fn main() {
    // Whoever names no timer on this thread goes by async-io's.
    let _entered = AsyncIoTimer.enter();
    let start = Instant::now();
    async_io::block_on(async {
        sleep(3 * MILLI).await;
        assert_eq!(timeout(MILLI, pending::<()>()).await, Err(Elapsed));
    });
    assert!(start.elapsed() >= 4 * MILLI);
    println!("woken by async-io after {:?}", start.elapsed());
}
