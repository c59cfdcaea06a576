use std::{
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use futures::channel::mpsc::unbounded;
use futures_lite::{Stream, StreamExt, stream};
use selvedge::time::{Timer, VirtualClock, chunks_timeout, chunks_timeout_on};

use crate::{
    harness::{Watched, panics, poll, ready},
    sleep::seasoned,
    sweep::{Report, Swept},
};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "ChunksTimeout",
        make: seasoned,
        wait: |clock| {
            let items = stream::once(()).chain(stream::pending());
            let chunks = chunks_timeout_on(VirtualClock::clone(clock), 2, SECOND, items);
            Box::pin(async { pin!(chunks).next().await.is_some() })
        },
        free: |clock| clock.advance(SECOND),
        waiting: VirtualClock::waiting,
        is_free: |clock| clock.waiting() == 0,
        close: None,
    }
    .sweep_alone(report);
}

#[test]
fn a_chunk_is_full_or_its_time_is_over() {
    let clock = VirtualClock::new();
    let (source, items) = unbounded();
    let mut chunks = pin!(chunks_timeout_on(&clock, 3, 10 * SECOND, items));
    let watched = Watched::new();
    assert!(watched.poll(pin!(chunks.next())).is_pending());
    assert_eq!(clock.waiting(), 0, "no item, no time");
    let send = |items: std::ops::Range<u32>| {
        items.for_each(|item| source.unbounded_send(item).unwrap());
    };
    send(0..7);
    assert_eq!(watched.poll(pin!(chunks.next())), Poll::Ready(Some(vec![0, 1, 2])));
    assert_eq!(watched.poll(pin!(chunks.next())), Poll::Ready(Some(vec![3, 4, 5])));
    assert!(watched.poll(pin!(chunks.next())).is_pending());

    // From the first of them on, wherever the others come.
    clock.advance(9 * SECOND);
    send(7..8);
    assert!(watched.poll(pin!(chunks.next())).is_pending());
    let woken = watched.woken();
    clock.advance(SECOND - Duration::from_nanos(1));
    assert_eq!(watched.woken(), woken, "never early");
    clock.advance(Duration::from_nanos(1));
    assert_eq!(watched.woken(), woken + 1);
    assert_eq!(watched.poll(pin!(chunks.next())), Poll::Ready(Some(vec![6, 7])));

    // One that gets full leaves no deadline behind.
    send(8..9);
    assert!(watched.poll(pin!(chunks.next())).is_pending());
    assert_eq!(clock.waiting(), 1);
    send(9..11);
    assert_eq!(watched.poll(pin!(chunks.next())), Poll::Ready(Some(vec![8, 9, 10])));
    assert_eq!((clock.waiting(), watched.kept()), (0, 0));
    assert!(watched.poll(pin!(chunks.next())).is_pending());

    // The last one.
    send(11..12);
    drop(source);
    assert_eq!(watched.poll(pin!(chunks.next())), Poll::Ready(Some(vec![11])));
    for _ in 0..3 {
        assert_eq!(watched.poll(pin!(chunks.next())), Poll::Ready(None));
    }
    assert_eq!(chunks.size_hint(), (0, Some(0)));
}

#[test]
fn the_end_alone_is_no_chunk() {
    let clock = VirtualClock::new();
    let mut chunks = pin!(chunks_timeout_on(&clock, 2, SECOND, stream::iter(0..4)));
    assert_eq!(chunks.size_hint(), (2, Some(4)));
    assert_eq!(ready(pin!(chunks.next())), Some(vec![0, 1]));
    assert_eq!(ready(pin!(chunks.next())), Some(vec![2, 3]));
    assert_eq!(ready(pin!(chunks.next())), None);
    let none = chunks_timeout_on(&clock, 2, SECOND, stream::empty::<()>());
    assert_eq!(ready(pin!(pin!(none).next())), None);
}

/// A stream that is always ready does not hide the time, and lets others run.
#[test]
fn a_stream_without_end_holds_up_nobody() {
    let clock = VirtualClock::new();
    let mut chunks = pin!(chunks_timeout_on(&clock, usize::MAX, SECOND, stream::repeat(1)));
    let watched = Watched::new();
    for polls in 1..=10 {
        assert!(watched.poll(pin!(chunks.next())).is_pending());
        assert_eq!(watched.woken(), polls, "it comes again by itself");
    }
    clock.advance(SECOND);
    let Poll::Ready(Some(chunk)) = watched.poll(pin!(chunks.next())) else { panic!("its time") };
    assert!(chunk.len() > 100 && chunk.len() < 10_000);
}

#[test]
fn odd_lengths() {
    let clock = VirtualClock::new();
    assert!(panics(|| _ = chunks_timeout_on(&clock, 0, SECOND, stream::iter(0..2))));
    let items = || stream::iter(0..2).chain(stream::pending());
    let mut never = pin!(chunks_timeout_on(&clock, 3, Duration::MAX, items()));
    assert!(poll(pin!(never.next())).is_pending());
    clock.advance(Duration::MAX);
    assert!(poll(pin!(never.next())).is_pending());
    assert_eq!(never.into_remainder(), [0, 1]);
    let mut at_once = pin!(chunks_timeout_on(&clock, 3, Duration::ZERO, items()));
    assert_eq!(ready(pin!(at_once.next())), Some(vec![0, 1]), "what is there");
}

/// Nothing is lost: not to a stream that panics, nor to one that is taken apart.
#[test]
fn items_of_a_chunk_that_is_not_full_are_kept() {
    let clock = VirtualClock::new();
    let item = Arc::new(());
    let items = stream::iter([Some(item.clone()), None, Some(item.clone())])
        .map(|item| item.expect("on purpose"))
        .chain(stream::pending());
    let mut chunks = Box::pin(chunks_timeout_on(clock.clone(), 5, SECOND, items));
    assert!(panics(|| _ = poll(pin!(chunks.next()))));
    assert!(poll(pin!(chunks.next())).is_pending());
    clock.advance(SECOND);
    assert_eq!(ready(pin!(chunks.next())).map(|chunk| chunk.len()), Some(2));
    drop(chunks);
    assert_eq!((Arc::strong_count(&item), clock.waiting()), (1, 0));

    let items = stream::iter(0..3).chain(stream::pending());
    let mut chunks = chunks_timeout_on(clock.clone(), 5, SECOND, items);
    assert!(poll(pin!(chunks.next())).is_pending());
    assert!(format!("{chunks:?}").contains("items: 3"));
    assert_eq!(chunks.get_ref().size_hint(), chunks.get_mut().size_hint());
    let (mut rest, started) = chunks.into_inner();
    assert_eq!((started, clock.waiting()), (vec![0, 1, 2], 0));
    assert!(poll(pin!(rest.next())).is_pending());
}

#[test]
fn in_real_time() {
    let start = Instant::now();
    let items = stream::iter(0..5).chain(stream::pending());
    let mut chunks = pin!(chunks_timeout(3, Duration::from_millis(2), items));
    assert_eq!(pollster::block_on(chunks.next()), Some(vec![0, 1, 2]));
    assert_eq!(pollster::block_on(chunks.next()), Some(vec![3, 4]));
    assert!(start.elapsed() >= Duration::from_millis(2));
}

/// It goes by the clock that was current where it was made.
#[test]
fn the_clock_is_the_one_that_was_entered() {
    let clock = VirtualClock::new();
    let mut chunks = {
        let _entered = clock.enter();
        Box::pin(chunks_timeout(3, SECOND, stream::once(1).chain(stream::pending())))
    };
    let chunk = pollster::block_on(clock.auto_advance(chunks.next()));
    assert_eq!(chunk, Some(vec![1]));
}
