//! What must hold of a throttled stream in every interleaving.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use futures_core::Stream;
use selvedge::{sync::raw::shim::Lock, time::stream_throttle_on};

use crate::{
    runner::{block_on, check, spawn},
    sleep::run,
};

/// A stream that another thread feeds.
#[derive(Clone)]
pub(crate) struct Fed(Arc<Lock<Feed>>);

#[derive(Default)]
struct Feed {
    items: Vec<u32>,
    ended: bool,
    waker: Option<Waker>,
}

impl Fed {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Lock::new(Feed::default())))
    }

    /// `item`, and the end unless there is one.
    pub(crate) fn feed(&self, item: Option<u32>) {
        let waker = self.0.with(|feed| {
            match item {
                Some(item) => feed.items.insert(0, item),
                None => feed.ended = true,
            }
            feed.waker.take()
        });
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Stream for Fed {
    type Item = u32;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        let waker = cx.waker().clone();
        let (polled, before) = self.0.with(|feed| match feed.items.pop() {
            Some(item) => (Poll::Ready(Some(item)), Some(waker)),
            None if feed.ended => (Poll::Ready(None), Some(waker)),
            None => (Poll::Pending, feed.waker.replace(waker)),
        });
        drop(before);
        polled
    }
}

/// The next of a stream.
pub(crate) fn next<S: Stream>(mut stream: Pin<&mut S>) -> Option<S::Item> {
    block_on(poll_fn(|cx| stream.as_mut().poll_next(cx)))
}

/// Items that come while the period goes on wait for its end, and none is lost.
///
/// Red when: mutant "a throttled stream forgets its period", mutant "an earlier alarm wakes nobody".
#[test]
fn items_wait_for_the_period() {
    check(2, || {
        let driver = run(1);
        let fed = Fed::new();
        fed.feed(Some(1));
        let feeder = spawn({
            let fed = fed.clone();
            move || {
                fed.feed(Some(2));
                fed.feed(None);
            }
        });
        {
            let mut slow = pin!(stream_throttle_on(&driver.timer, Duration::from_secs(1), fed));
            assert_eq!((next(slow.as_mut()), driver.now()), (Some(1), 0));
            assert_eq!((next(slow.as_mut()), driver.now()), (Some(2), 1));
        }
        feeder.join().unwrap();
        driver.stop();
    });
}
