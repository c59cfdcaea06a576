use std::{
    collections::BTreeMap,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use selvedge::time::{DelayQueue, Timer, VirtualClock, delay_queue::Key, never};

use crate::{
    harness::{Watched, allocations, panics},
    sleep::seasoned,
    sweep::{Report, Swept},
};

const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "DelayQueue::poll_expired",
        make: seasoned,
        wait: |clock| {
            let mut queue = DelayQueue::new_on(VirtualClock::clone(clock));
            queue.insert((), SECOND);
            Box::pin(
                async move { std::future::poll_fn(|cx| queue.poll_expired(cx)).await.is_some() },
            )
        },
        free: |clock| clock.advance(SECOND),
        waiting: VirtualClock::waiting,
        is_free: |clock| clock.waiting() == 0,
        close: None,
    }
    .sweep(report);
}

type Queue<V> = DelayQueue<V, VirtualClock>;

fn queue<V>() -> (VirtualClock, Queue<V>) {
    let clock = VirtualClock::new();
    (clock.clone(), DelayQueue::new_on(clock))
}

/// The next item, by a waker that counts.
fn next<V>(queue: &mut Queue<V>, watched: &Watched) -> Poll<Option<V>> {
    let next = std::future::poll_fn(|cx| queue.poll_expired(cx));
    watched.poll(pin!(next)).map(|item| item.map(|item| item.into_inner()))
}

fn all_due<V>(queue: &mut Queue<V>) -> Vec<V> {
    let mut cx = Context::from_waker(Waker::noop());
    let mut all = Vec::new();
    while let Poll::Ready(Some(item)) = queue.poll_expired(&mut cx) {
        all.push(item.into_inner());
    }
    all
}

#[test]
fn items_come_out_in_order_and_never_early() {
    let (clock, mut queue) = queue();
    let start = clock.now();
    for (item, after) in [(5, 5), (1, 1), (3, 3), (2, 1), (4, 3)] {
        queue.insert(item, after * SECOND);
    }
    let watched = Watched::new();
    assert_eq!(next(&mut queue, &watched), Poll::Pending);
    clock.advance(SECOND - Duration::from_nanos(1));
    assert_eq!((watched.woken(), next(&mut queue, &watched)), (0, Poll::Pending));
    clock.advance(Duration::from_nanos(1));
    assert_eq!(watched.woken(), 1);
    assert_eq!(all_due(&mut queue), [1, 2], "equal ones as they were put in");
    clock.advance(10 * SECOND);
    let first = queue.poll_expired(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Some(mut first)) = first else { panic!("one is due") };
    assert_eq!((*first.get_ref(), first.deadline()), (3, start + 3 * SECOND));
    *first.get_mut() = 7;
    assert_eq!(first.into_inner(), 7);
    assert_eq!(all_due(&mut queue), [4, 5]);
    assert_eq!(next(&mut queue, &watched), Poll::Ready(None));
    assert_eq!(clock.waiting(), 1, "it waits for what is put in next");
    drop(queue);
    assert_eq!((clock.waiting(), watched.kept()), (0, 0));
}

/// A task that waits, even for nothing so far, is woken in time for an earlier item.
#[test]
fn an_earlier_item_wakes_in_time() {
    let (clock, mut queue) = queue();
    let watched = Watched::new();
    assert_eq!(next(&mut queue, &watched), Poll::Ready(None));
    let key = queue.insert(1, 10 * SECOND);
    clock.advance(10 * SECOND);
    assert_eq!((watched.woken(), next(&mut queue, &watched)), (1, Poll::Ready(Some(1))));

    queue.insert(2, 10 * SECOND);
    assert_eq!(next(&mut queue, &watched), Poll::Pending);
    let moved = queue.insert(3, 20 * SECOND);
    queue.reset(&moved, SECOND);
    clock.advance(SECOND);
    assert_eq!((watched.woken(), next(&mut queue, &watched)), (2, Poll::Ready(Some(3))));
    assert_eq!(next(&mut queue, &watched), Poll::Pending);
    queue.insert_at(4, clock.now());
    assert_eq!((watched.woken(), next(&mut queue, &watched)), (3, Poll::Ready(Some(4))));
    assert_eq!(queue.try_remove(&key).map(|item| item.into_inner()), None);
}

#[test]
fn keys_are_good_until_the_item_is_out() {
    let (clock, mut queue) = queue();
    let start = clock.now();
    let keys: Vec<Key> = (1..=6).map(|n| queue.insert(n, n * SECOND)).collect();
    assert_eq!(queue.deadline(&keys[2]), start + 3 * SECOND);
    assert_eq!(queue.peek(), Some(keys[0]));
    let gone = queue.remove(&keys[0]);
    assert_eq!((gone.key(), gone.into_inner()), (keys[0], 1));
    assert_eq!((queue.peek(), queue.len()), (Some(keys[1]), 5));
    queue.reset_at(&keys[1], start + 9 * SECOND);

    // All but the last are due, and one is taken: the others can still be removed and put off.
    clock.advance(8 * SECOND);
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(Some(first)) = queue.poll_expired(&mut cx) else { panic!("due") };
    assert_eq!((first.key(), queue.len()), (keys[2], 4));
    assert_eq!(queue.deadline(&keys[3]), start + 4 * SECOND);
    assert_eq!(queue.peek(), Some(keys[3]));
    assert_eq!(queue.remove(&keys[3]).into_inner(), 4);
    queue.reset(&keys[4], 2 * SECOND);
    assert_eq!((queue.peek(), queue.len()), (Some(keys[5]), 3));
    assert_eq!(all_due(&mut queue), [6]);
    clock.advance(2 * SECOND);
    assert_eq!(all_due(&mut queue), [2, 5]);
    assert!(queue.is_empty());

    for key in &keys {
        assert!(queue.try_remove(key).is_none());
        assert!(panics(|| _ = queue.remove(key)));
        assert!(panics(|| queue.reset(key, SECOND)));
        assert!(panics(|| _ = queue.deadline(key)));
    }
    // What comes after them does not answer to their keys.
    let fresh = queue.insert(7, SECOND);
    assert!(!keys.contains(&fresh));
    assert!(keys.iter().all(|key| queue.try_remove(key).is_none()));
    assert_eq!(queue.len(), 1);
}

#[test]
fn never_is_never() {
    let (clock, mut queue) = queue();
    let key = queue.insert(1, Duration::MAX);
    assert_eq!(queue.deadline(&key), never());
    assert_eq!(next(&mut queue, &Watched::new()), Poll::Pending);
    clock.advance(1_000_000_000 * SECOND);
    assert_eq!(next(&mut queue, &Watched::new()), Poll::Pending);
    assert_eq!(queue.remove(&key).into_inner(), 1);
}

#[test]
fn clearing_drops_all() {
    let (clock, mut queue) = queue();
    let item = Arc::new(());
    let keys: Vec<_> = (1..=10).map(|n| queue.insert(item.clone(), n * SECOND)).collect();
    clock.advance(5 * SECOND);
    assert!(queue.poll_expired(&mut Context::from_waker(Waker::noop())).is_ready());
    queue.clear();
    assert_eq!((queue.len(), Arc::strong_count(&item)), (0, 1));
    queue.insert(item.clone(), SECOND);
    assert!(keys.iter().all(|key| queue.try_remove(key).is_none()));
    clock.advance(SECOND);
    assert_eq!(all_due(&mut queue).len(), 1);
}

#[test]
fn memory() {
    let (clock, mut queue) = queue();
    queue.reserve(100);
    assert!(queue.capacity() >= 100);
    let keys: Vec<_> = (0..1000).map(|n| queue.insert(n, SECOND * (n + 1))).collect();
    for key in &keys[10..] {
        queue.remove(key);
    }
    queue.compact();
    assert!(queue.capacity() < 100);
    assert_eq!(queue.remove(&keys[3]).into_inner(), 3);
    clock.advance(2000 * SECOND);
    assert_eq!(all_due(&mut queue), [0, 1, 2, 4, 5, 6, 7, 8, 9]);
    queue.shrink_to_fit();
    assert_eq!(queue.capacity(), 0);

    let mut round = || {
        for n in 0..100 {
            let key = queue.insert(n, SECOND);
            queue.insert(n, SECOND);
            queue.remove(&key);
        }
        clock.advance(SECOND);
        let mut cx = Context::from_waker(Waker::noop());
        let mut count = 0;
        while let Poll::Ready(Some(_)) = queue.poll_expired(&mut cx) {
            count += 1;
        }
        assert_eq!(count, 100);
    };
    (0..2000).for_each(|_| round());
    let count = allocations(|| (0..200).for_each(|_| round()));
    // Each turn the clock collects one alarm in a vector of its own.
    assert!(count <= 400, "{count}");
}

/// Against a map, at random.
#[test]
fn as_a_sorted_map() {
    let mut random = 0x9E37_79B9_7F4A_7C15_u64;
    let mut below = move |n: u64| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random % n
    };
    let (clock, mut queue) = queue();
    let mut model: BTreeMap<u64, (Duration, Key)> = BTreeMap::new();
    let start = clock.now();
    for n in 0..20_000 {
        let now = clock.now() - start;
        let most = 1 << (10 + below(35));
        let after = Duration::from_nanos(below(most));
        let picked = model.range(below(n + 1)..).next().map(|(n, (_, key))| (*n, *key));
        match (below(8), picked) {
            (0..4, _) => {
                let key = queue.insert(n, after);
                model.insert(n, (now + after, key));
            }
            (4, Some((n, key))) => {
                assert_eq!(queue.remove(&key).into_inner(), n);
                model.remove(&n);
            }
            (5, Some((n, key))) => {
                queue.reset(&key, after);
                model.insert(n, (now + after, key));
            }
            _ => {
                clock.advance(after);
                let now = clock.now() - start;
                let first = queue.poll_expired(&mut Context::from_waker(Waker::noop()));
                let due = model.iter().map(|(n, (at, _))| (*at, *n)).min();
                let due = due.filter(|(at, _)| *at <= now);
                // An item that was put off and back keeps its place among equals, which are rare.
                match (first, due) {
                    (Poll::Ready(Some(item)), Some((at, n))) => {
                        assert_eq!((item.deadline() - start, *item.get_ref()), (at, n));
                        model.remove(&n);
                    }
                    (Poll::Ready(Some(item)), None) => panic!("{item:?} is early"),
                    (_, due) => assert_eq!(due, None),
                }
            }
        }
        assert_eq!(queue.len(), model.len());
    }
}

/// Items of a program that names no timer, on the thread timer.
#[test]
fn in_real_time() {
    let mut queue = DelayQueue::with_capacity(2);
    queue.insert("second", Duration::from_millis(4));
    queue.insert("first", Duration::from_millis(2));
    let mut all = Vec::new();
    while let Some(item) = pollster::block_on(std::future::poll_fn(|cx| queue.poll_expired(cx))) {
        assert!(std::time::Instant::now() >= item.deadline());
        all.push(item.into_inner());
    }
    assert_eq!(all, ["first", "second"]);
    assert_eq!(format!("{queue:?}"), "DelayQueue { len: 0, .. }");
}
