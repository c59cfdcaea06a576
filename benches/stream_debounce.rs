//! Bursts that become one item each.

use std::{pin::pin, time::Duration};

use futures::{FutureExt, StreamExt, channel::mpsc};
use selvedge_benches::{Group, timed};

const QUIET: Duration = Duration::from_secs(3600);
const BURST: u64 = 100;

pub(crate) fn groups() -> Vec<Group> {
    vec![Group {
        name: format!("stream_debounce/bursts_of_{BURST}"),
        contestants: vec![
            (
                "selvedge",
                Box::new(|n| {
                    let (sender, items) = mpsc::unbounded();
                    let mut last = pin!(selvedge_timer::stream_debounce(QUIET, items));
                    timed(|| {
                        for burst in 0..n.div_ceil(BURST) {
                            for item in 0..BURST {
                                sender.unbounded_send(burst + item).expect("it is open");
                            }
                            assert!(last.next().now_or_never().is_none());
                        }
                    })
                }),
            ),
            (
                // tokio-stream has no such thing: what the same messages cost without.
                "floor*",
                Box::new(|n| {
                    let (sender, mut items) = mpsc::unbounded();
                    timed(|| {
                        for burst in 0..n.div_ceil(BURST) {
                            for item in 0..BURST {
                                sender.unbounded_send(burst + item).expect("it is open");
                            }
                            while items.next().now_or_never().is_some() {}
                        }
                    })
                }),
            ),
        ],
    }]
}
