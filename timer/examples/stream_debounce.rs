//! A search that starts when the typing pauses, in time that jumps.

use std::{pin::pin, time::Duration};

use futures_lite::{StreamExt, stream};
use selvedge_timer::{DebounceEdge, VirtualClock, sleep_on, stream_debounce_on};

const MILLI: Duration = Duration::from_millis(1);

fn main() {
    let clock = VirtualClock::new();
    // Each key so long after the one before.
    let keys = || {
        let typed = [("w", 0), ("we", 80), ("wef", 90), ("weft", 70), ("wef", 900), ("we", 60)];
        stream::iter(typed).then(|(text, after)| {
            let pause = sleep_on(clock.clone(), after * MILLI);
            async move {
                pause.await;
                text
            }
        })
    };
    pollster::block_on(clock.auto_advance(async {
        let searches: Vec<_> =
            pin!(stream_debounce_on(&clock, 250 * MILLI, keys())).collect().await;
        assert_eq!(searches, ["weft", "we"]);

        // A click counts at once, and those that follow it do not.
        let clicks = stream_debounce_on(&clock, 250 * MILLI, keys()).edge(DebounceEdge::Leading);
        let clicks: Vec<_> = pin!(clicks).collect().await;
        assert_eq!(clicks, ["w", "wef"]);
        println!("searched for {searches:?}, counted {clicks:?}");
    }));
}
