//! Rows that are written by the hundred, or once a second, in time that jumps.

use std::{pin::pin, time::Duration};

use futures_lite::{StreamExt, stream};
use selvedge_timer::{Timer, VirtualClock, chunks_timeout_on, sleep_on};

const SECOND: Duration = Duration::from_secs(1);

fn main() {
    let clock = VirtualClock::new();
    let start = clock.now();
    let rows = stream::iter(0..250).chain(stream::once_future({
        let pause = sleep_on(clock.clone(), 5 * SECOND);
        async move {
            pause.await;
            250
        }
    }));
    pollster::block_on(clock.auto_advance(async {
        let mut chunks = pin!(chunks_timeout_on(&clock, 100, SECOND, rows));
        let mut written = Vec::new();
        while let Some(chunk) = chunks.next().await {
            written.push((chunk.len(), (clock.now() - start).as_secs()));
        }
        assert_eq!(written, [(100, 0), (100, 0), (50, 1), (1, 5)]);
        println!("rows and seconds: {written:?}");
    }));
}
