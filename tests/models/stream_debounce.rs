//! What must hold of a debounced stream in every interleaving.

use std::{pin::pin, time::Duration};

use selvedge::time::{DebounceEdge, stream_debounce_on};

use crate::{
    runner::{check, spawn},
    sleep::run,
    stream_throttle::{Fed, next},
};

/// Whatever comes while the quiet is about to end: the last item comes out, and what comes out
/// before it is one burst.
///
/// Red when: mutant "an item that is held waits for the next", mutant "an earlier alarm wakes nobody".
#[test]
fn the_last_item_comes_out() {
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
            let debounced = stream_debounce_on(&driver.timer, second, fed);
            let mut debounced = pin!(debounced.edge(DebounceEdge::Trailing));
            let first = next(debounced.as_mut());
            if first == Some(1) {
                assert_eq!(next(debounced.as_mut()), Some(2));
            } else {
                assert_eq!(first, Some(2));
            }
            assert!(driver.now() >= 1);
        }
        feeder.join().unwrap();
        driver.stop();
    });
}
