use std::{
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use futures::channel::mpsc::unbounded;
use futures_lite::{Stream, StreamExt, stream};
use selvedge::time::{Timer, VirtualClock, stream_throttle, stream_throttle_on};

use crate::{
    harness::{Watched, panics, poll, ready},
    sleep::seasoned,
    sweep::{Report, Swept},
};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "StreamThrottle",
        make: seasoned,
        wait: |clock| {
            let clock = VirtualClock::clone(clock);
            Box::pin(async move {
                let mut slow = pin!(stream_throttle_on(clock, SECOND, stream::repeat(())));
                slow.next().await;
                slow.next().await.is_some()
            })
        },
        free: |clock| clock.advance(SECOND),
        waiting: VirtualClock::waiting,
        is_free: |clock| clock.waiting() == 0,
        close: None,
    }
    .sweep_alone(report);
}

#[test]
fn no_more_than_one_a_period_and_none_is_lost() {
    let clock = VirtualClock::new();
    let start = clock.now();
    let mut slow = pin!(stream_throttle_on(&clock, 10 * SECOND, stream::iter(0..5)));
    assert_eq!(slow.size_hint(), (5, Some(5)));
    let watched = Watched::new();
    for n in 0..5 {
        assert_eq!(clock.now() - start, n * 10 * SECOND);
        assert_eq!(ready(pin!(slow.next())), Some(n));
        for _ in 0..3 {
            assert!(watched.poll(pin!(slow.next())).is_pending(), "given up and asked again");
        }
        clock.advance(10 * SECOND - Duration::from_nanos(1));
        assert_eq!(watched.woken(), n as usize, "never early");
        assert!(watched.poll(pin!(slow.next())).is_pending());
        clock.advance(Duration::from_nanos(1));
        assert_eq!(watched.woken(), n as usize + 1);
    }
    for _ in 0..3 {
        assert_eq!(ready(pin!(slow.next())), None);
    }
    assert_eq!((clock.waiting(), watched.kept()), (0, 0));
    assert_eq!(slow.size_hint(), (0, Some(0)));
}

/// The period counts from when an item was given; one that comes late enough need not wait.
#[test]
fn an_item_that_comes_late_comes_at_once() {
    let clock = VirtualClock::new();
    let (source, items) = unbounded();
    let mut slow = pin!(stream_throttle_on(&clock, SECOND, items));
    let watched = Watched::new();
    assert!(watched.poll(pin!(slow.next())).is_pending());
    source.unbounded_send(1).unwrap();
    assert_eq!(watched.poll(pin!(slow.next())), Poll::Ready(Some(1)));
    clock.advance(3600 * SECOND);
    assert!(watched.poll(pin!(slow.next())).is_pending());
    source.unbounded_send(2).unwrap();
    source.unbounded_send(3).unwrap();
    assert_eq!(watched.poll(pin!(slow.next())), Poll::Ready(Some(2)), "no burst makes up for it");
    assert!(watched.poll(pin!(slow.next())).is_pending());
    clock.advance(SECOND);
    assert_eq!(watched.poll(pin!(slow.next())), Poll::Ready(Some(3)));
    drop(source);
    assert!(watched.poll(pin!(slow.next())).is_pending(), "the end waits, too");
    clock.advance(SECOND);
    assert_eq!(watched.poll(pin!(slow.next())), Poll::Ready(None));
}

#[test]
fn odd_periods() {
    let clock = VirtualClock::new();
    let fast: Vec<_> =
        ready(pin!(stream_throttle_on(&clock, Duration::ZERO, stream::iter(0..9)).collect()));
    assert_eq!(fast, (0..9).collect::<Vec<_>>());
    let mut once = pin!(stream_throttle_on(&clock, Duration::MAX, stream::iter(0..9)));
    assert_eq!(ready(pin!(once.next())), Some(0));
    clock.advance(Duration::MAX);
    assert!(poll(pin!(once.next())).is_pending());
}

#[test]
fn a_stream_that_panics_leaves_nothing_behind() {
    let clock = VirtualClock::new();
    let items = stream::iter(0..3).map(|n| if n == 1 { panic!("on purpose") } else { n });
    let mut slow = Box::pin(stream_throttle_on(clock.clone(), SECOND, items));
    assert_eq!(ready(pin!(slow.next())), Some(0));
    clock.advance(SECOND);
    assert!(panics(|| _ = poll(pin!(slow.next()))));
    assert_eq!(ready(pin!(slow.next())), Some(2));
    drop(slow);
    assert_eq!(clock.waiting(), 0);
}

#[test]
fn in_real_time() {
    let period = Duration::from_millis(2);
    let start = Instant::now();
    let mut slow = stream_throttle(period, stream::iter(0..4));
    assert!(format!("{slow:?}").starts_with("StreamThrottle { period: 2ms"));
    pollster::block_on(async { while slow.next().await.is_some() {} });
    assert!(start.elapsed() >= 4 * period);
    *slow.get_mut() = stream::iter(7..9);
    assert_eq!(slow.get_ref().size_hint(), (2, Some(2)));
    assert_eq!(ready(pin!(slow.into_inner().next())), Some(7));
}
