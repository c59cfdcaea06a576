//! What must hold of chunks in every interleaving.

use std::{pin::pin, time::Duration};

use selvedge::time::chunks_timeout_on;

use crate::{
    runner::{check, spawn},
    sleep::run,
    stream_throttle::{Fed, next},
};

/// Whatever comes while the time of a chunk ends is in that chunk or in the next.
///
/// Red when: mutant "a chunk waits until it is full", mutant "an earlier alarm wakes nobody".
#[test]
fn every_item_is_in_a_chunk() {
    check(2, || {
        let driver = run(3);
        let fed = Fed::new();
        fed.feed(Some(1));
        let feeder = spawn({
            let fed = fed.clone();
            move || fed.feed(Some(2))
        });
        {
            let second = Duration::from_secs(1);
            let mut chunks = pin!(chunks_timeout_on(&driver.timer, 3, second, fed));
            let mut all = next(chunks.as_mut()).unwrap();
            if all.len() == 1 {
                assert!(driver.now() >= 1);
                all.extend(next(chunks.as_mut()).unwrap());
            }
            assert_eq!(all, [1, 2]);
        }
        feeder.join().unwrap();
        driver.stop();
    });
}
