//! Chunks that are full, of a stream that is always ready, and of one that pauses in each.

use std::{
    pin::{Pin, pin},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt, stream};
use selvedge_benches::{Group, Run, timed};

use crate::sleep::tokio_alone;

const LIMIT: Duration = Duration::from_secs(3600);
const CHUNK: usize = 64;

/// So many items, and a pause after each eighth.
struct Pausing(u64, bool);

impl Stream for Pausing {
    type Item = u64;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u64>> {
        if self.0 % 8 == 0 && !self.1 {
            self.1 = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.1 = false;
        let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(None) };
        self.0 = left;
        Poll::Ready(Some(left))
    }
}

fn ours<S: Stream + 'static>(make: fn(u64) -> S) -> Run {
    Box::new(move |n| {
        let mut chunks = pin!(selvedge_timer::chunks_timeout(CHUNK, LIMIT, make(n)));
        timed(|| pollster::block_on(async { while chunks.next().await.is_some() {} }))
    })
}

fn tokios<S: Stream + 'static>(make: fn(u64) -> S) -> Run {
    let runtime = tokio_alone();
    Box::new(move |n| {
        runtime.block_on(async {
            let mut chunks = pin!(tokio_stream::StreamExt::chunks_timeout(make(n), CHUNK, LIMIT));
            let start = Instant::now();
            while chunks.next().await.is_some() {}
            start.elapsed()
        })
    })
}

pub(crate) fn groups() -> Vec<Group> {
    let ready = |n: u64| stream::repeat(1_u64).take(n as usize);
    let pausing = |n| Pausing(n, false);
    let group = |name: &str, ours, tokios| Group {
        name: format!("chunks_timeout/{name}"),
        contestants: vec![("selvedge", ours), ("tokio", tokios)],
    };
    vec![
        group("ready", ours(ready), tokios(ready)),
        group("pausing", ours(pausing), tokios(pausing)),
    ]
}
