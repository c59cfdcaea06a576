//! Requests that leave no faster than one in two milliseconds, however fast they come.

use std::{
    pin::pin,
    time::{Duration, Instant},
};

use futures_lite::{StreamExt, stream};
use selvedge_timer::stream_throttle;

fn main() {
    let start = Instant::now();
    pollster::block_on(async {
        let requests = stream::iter(["warp", "weft", "selvedge"]);
        let mut slow = pin!(stream_throttle(Duration::from_millis(2), requests));
        while let Some(request) = slow.next().await {
            println!("{request} after {:?}", start.elapsed());
        }
    });
    assert!(start.elapsed() >= Duration::from_millis(4));
}
