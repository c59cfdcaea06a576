use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::Duration,
};

use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_lite::{Stream, StreamExt, stream};
use selvedge::time::{
    DebounceEdge, StreamDebounce, VirtualClock, stream_debounce, stream_debounce_on,
};

use crate::{
    harness::{Watched, panics, poll, ready},
    sleep::seasoned,
    sweep::{Report, Swept},
};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "StreamDebounce",
        make: seasoned,
        wait: |clock| {
            let items = stream::once(()).chain(stream::pending());
            let last = stream_debounce_on(VirtualClock::clone(clock), SECOND, items);
            Box::pin(async { pin!(last).next().await.is_some() })
        },
        free: |clock| clock.advance(SECOND),
        waiting: VirtualClock::waiting,
        is_free: |clock| clock.waiting() == 0,
        close: None,
    }
    .sweep_alone(report);
}

/// A debounced stream that is fed by hand.
struct Fed {
    clock: VirtualClock,
    source: Option<UnboundedSender<u32>>,
    debounced: Pin<Box<StreamDebounce<UnboundedReceiver<u32>, VirtualClock>>>,
    watched: Watched,
}

impl Fed {
    fn new(edge: DebounceEdge) -> Self {
        let (clock, (source, items)) = (VirtualClock::new(), unbounded());
        let debounced = stream_debounce_on(clock.clone(), 10 * SECOND, items).edge(edge);
        Self {
            clock,
            source: Some(source),
            debounced: Box::pin(debounced),
            watched: Watched::new(),
        }
    }

    fn send(&self, items: impl IntoIterator<Item = u32>) {
        items.into_iter().for_each(|item| {
            self.source.as_ref().unwrap().unbounded_send(item).unwrap();
        });
    }

    fn next(&mut self) -> Poll<Option<u32>> {
        self.watched.poll(pin!(self.debounced.next()))
    }

    /// Whether it waits still after `seconds`.
    fn waits(&mut self, seconds: u32) -> bool {
        self.clock.advance(seconds * SECOND);
        self.next().is_pending()
    }
}

#[test]
fn the_last_of_a_burst_comes_when_it_has_been_quiet() {
    let mut fed = Fed::new(DebounceEdge::Trailing);
    assert!(fed.waits(100), "nothing came");
    assert_eq!(fed.clock.waiting(), 0);
    fed.send([1, 2]);
    assert!(fed.waits(0));
    assert!(fed.waits(9));
    fed.send([3]);
    let woken = fed.watched.woken();
    assert!(fed.waits(0), "it begins anew");
    assert!(fed.waits(9));
    fed.clock.advance(SECOND - Duration::from_nanos(1));
    assert_eq!((fed.watched.woken(), fed.next()), (woken, Poll::Pending), "never early");
    fed.clock.advance(Duration::from_nanos(1));
    assert_eq!(fed.watched.woken(), woken + 1);
    assert_eq!(fed.next(), Poll::Ready(Some(3)));
    assert!(fed.waits(3600));
    assert_eq!(fed.clock.waiting(), 0);
}

#[test]
fn the_first_of_a_burst_comes_at_once() {
    let mut fed = Fed::new(DebounceEdge::Leading);
    fed.send([1, 2, 3]);
    assert_eq!(fed.next(), Poll::Ready(Some(1)));
    assert!(fed.waits(0));
    assert!(fed.waits(9));
    fed.send([4]);
    assert!(fed.waits(0), "the burst goes on");
    assert!(fed.waits(9));
    fed.send([5]);
    assert!(fed.waits(0));
    assert_eq!(fed.clock.waiting(), 0, "nothing is waited for");
    fed.clock.advance(10 * SECOND);
    fed.send([6, 7]);
    assert_eq!(fed.next(), Poll::Ready(Some(6)));
    assert!(fed.waits(0));
    assert!(fed.waits(3600));
}

#[test]
fn first_and_last() {
    let mut fed = Fed::new(DebounceEdge::Both);
    fed.send([1]);
    assert_eq!(fed.next(), Poll::Ready(Some(1)));
    assert!(fed.waits(100), "one is first and last at once");
    fed.send([2, 3]);
    assert_eq!(fed.next(), Poll::Ready(Some(2)));
    assert!(fed.waits(0));
    fed.clock.advance(10 * SECOND);
    assert_eq!(fed.next(), Poll::Ready(Some(3)));
    fed.send([4]);
    assert_eq!(fed.next(), Poll::Ready(Some(4)), "the next burst");
}

/// A task that is late: what was held comes out before what came since.
#[test]
fn bursts_do_not_mix_though_the_task_is_late() {
    let mut fed = Fed::new(DebounceEdge::Trailing);
    fed.send([1]);
    assert!(fed.waits(0));
    fed.clock.advance(3600 * SECOND);
    fed.send([2]);
    assert_eq!(fed.next(), Poll::Ready(Some(1)));
    assert!(fed.waits(0));
    assert!(fed.waits(9));
    fed.clock.advance(SECOND);
    assert_eq!(fed.next(), Poll::Ready(Some(2)));
}

#[test]
fn the_end_ends_the_burst() {
    for (edge, given) in [
        (DebounceEdge::Trailing, vec![3]),
        (DebounceEdge::Leading, vec![1]),
        (DebounceEdge::Both, vec![1, 3]),
    ] {
        let mut fed = Fed::new(edge);
        fed.send([1, 2, 3]);
        fed.source = None;
        let mut all = Vec::new();
        while let Poll::Ready(Some(item)) = fed.next() {
            all.push(item);
        }
        assert_eq!(all, given, "{edge:?}");
        assert_eq!(fed.next(), Poll::Ready(None));
        assert_eq!(fed.debounced.size_hint(), (0, Some(0)));
        assert_eq!(fed.clock.waiting(), 0);

        // In the middle of a wait.
        let mut fed = Fed::new(edge);
        fed.send([1, 2, 3]);
        while fed.next().is_ready() {}
        fed.source = None;
        let last = if edge == DebounceEdge::Leading { None } else { Some(3) };
        assert_eq!((fed.next(), fed.clock.waiting()), (Poll::Ready(last), 0));
        assert_eq!(fed.next(), Poll::Ready(None));
    }
}

/// One that is never quiet lets others run, and gives nothing but its first.
#[test]
fn a_burst_without_end_holds_up_nobody() {
    let clock = VirtualClock::new();
    let watched = Watched::new();
    for edge in [DebounceEdge::Trailing, DebounceEdge::Leading, DebounceEdge::Both] {
        let items = stream::repeat(1);
        let mut debounced = pin!(stream_debounce_on(&clock, SECOND, items).edge(edge));
        if edge != DebounceEdge::Trailing {
            assert_eq!(ready(pin!(debounced.next())), Some(1));
        }
        for _ in 0..100 {
            let before = watched.woken();
            assert!(watched.poll(pin!(debounced.next())).is_pending());
            assert_eq!(watched.woken(), before + 1, "it comes again by itself");
        }
    }
}

#[test]
fn odd_lengths() {
    let clock = VirtualClock::new();
    let items = stream::iter([1, 2]).chain(stream::pending());
    let mut never = pin!(stream_debounce_on(&clock, Duration::MAX, items));
    assert!(poll(pin!(never.next())).is_pending());
    clock.advance(Duration::MAX);
    assert!(poll(pin!(never.next())).is_pending());
    let items = stream::iter([1, 2]).chain(stream::pending());
    let mut at_once = pin!(stream_debounce_on(&clock, Duration::ZERO, items));
    assert_eq!(ready(pin!(at_once.next())), Some(2), "what is there at once is one burst");
    assert!(poll(pin!(at_once.next())).is_pending());
}

/// Items that are replaced are dropped, one whose drop panics, too; none is kept twice.
#[test]
fn items_are_dropped_once() {
    let clock = VirtualClock::new();
    let item = Arc::new(());
    let items = stream::repeat(item.clone()).take(10).chain(stream::pending());
    let mut debounced = Box::pin(stream_debounce_on(clock.clone(), SECOND, items));
    assert!(poll(pin!(debounced.next())).is_pending());
    assert_eq!(Arc::strong_count(&item), 3, "ours, the stream's and the one that is held");
    drop(debounced);
    assert_eq!((Arc::strong_count(&item), clock.waiting()), (1, 0));

    let panicking = stream::iter(0..2).map(|n| if n == 1 { panic!("on purpose") } else { n });
    let mut debounced = Box::pin(stream_debounce_on(clock.clone(), SECOND, panicking));
    assert!(panics(|| _ = poll(pin!(debounced.next()))));
    assert_eq!(ready(pin!(debounced.next())), Some(0), "it was held");
}

#[test]
fn in_real_time() {
    let quiet = Duration::from_millis(2);
    let items = stream::iter([1, 2]).chain(stream::pending());
    let mut last = stream_debounce(quiet, items);
    assert!(format!("{last:?}").contains("edge: Trailing"));
    assert_eq!(pollster::block_on(last.next()), Some(2));
    assert_eq!(last.get_ref().size_hint().0, last.get_mut().size_hint().0);
    let (_, held) = last.into_inner();
    assert_eq!(held, None);
}
