//! A map whose values are made once, polled by hand.

use std::{
    future::{Future, pending, ready as at_once},
    hash::RandomState,
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    thread,
};

use selvedge::sync::OnceMap;

use crate::{
    harness::{Watched, panics, poll, ready},
    sweep::{Report, Swept},
};

/// Semantics 127.
#[test]
fn one_makes_a_value_and_other_keys_are_not_held_up() {
    let map = OnceMap::new();
    let mut running = Box::pin(map.compute("warp", pending));
    assert!(poll(running.as_mut()).is_pending());
    let watched = Watched::new();
    let mut waiting = pin!(map.compute("warp", || at_once(2)));
    assert!(watched.poll(waiting.as_mut()).is_pending());
    assert_eq!(ready(pin!(map.compute("weft", || at_once(3)))), 3);
    assert_eq!((map.get("warp"), map.get("weft"), map.len()), (None, Some(3), 2));
    drop(running);
    assert_eq!((watched.woken(), ready(waiting.as_mut())), (1, 2));
    assert_eq!(ready(pin!(map.compute("warp", || async { unreachable!() }))), 2);
}

/// Semantics 127: what fails, panics or is cancelled leaves nothing.
#[test]
fn what_fails_is_not_kept() {
    let map = OnceMap::<u8, u8>::default();
    assert_eq!(ready(pin!(map.try_compute(1, || at_once(Err("no"))))), Err("no"));
    assert!(map.is_empty());
    let mut running = Box::pin(map.compute(1, pending));
    assert!(poll(running.as_mut()).is_pending());
    assert_eq!((map.len(), map.get(&1)), (1, None));
    drop(running);
    assert!(map.is_empty());
    assert!(panics(|| _ = ready(pin!(map.compute(1, || async { panic!("on purpose") })))));
    assert!(map.is_empty());
    assert_eq!(ready(pin!(map.try_compute(1, || at_once(Ok::<_, ()>(5))))), Ok(5));
    assert_eq!((map.len(), map.get(&1)), (1, Some(5)));
}

/// Semantics 68, a key.
#[test]
fn a_waiter_takes_over_with_its_own() {
    let map = OnceMap::new();
    let mut first = Box::pin(map.compute(1, pending));
    assert!(poll(first.as_mut()).is_pending());
    let watched = [(); 2].map(|()| Watched::new());
    let mut second = Box::pin(map.compute(1, || at_once(2)));
    let mut third = Box::pin(map.compute(1, || at_once(3)));
    assert!(watched[0].poll(second.as_mut()).is_pending());
    assert!(watched[1].poll(third.as_mut()).is_pending());
    drop(first);
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 0]);
    drop(second);
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 1]);
    assert_eq!(ready(third.as_mut()), 3);
    drop(third);
    assert_eq!(map.get(&1), Some(3));
}

#[test]
fn removing_forgets_the_key_and_harms_nobody() {
    let map = OnceMap::with_hasher(RandomState::new());
    assert_eq!(ready(pin!(map.compute("warp".to_owned(), || at_once(1)))), 1);
    assert_eq!((map.remove("warp"), map.remove("warp")), (Some(1), None));
    let mut running = Box::pin(map.compute("warp".to_owned(), pending));
    assert!(poll(running.as_mut()).is_pending());
    let mut waiting = Box::pin(map.compute("warp".to_owned(), || at_once(2)));
    assert!(poll(waiting.as_mut()).is_pending());
    map.discard("warp");
    assert!(map.is_empty());
    // Those who come later begin anew, those who waited go on.
    assert_eq!(ready(pin!(map.compute("warp".to_owned(), || at_once(3)))), 3);
    drop(running);
    assert_eq!(ready(waiting.as_mut()), 2);
    drop(waiting);
    assert_eq!(map.get("warp"), Some(3));
}

#[test]
fn keys_and_values_are_dropped_once() {
    let (key, value) = (Arc::new(7), Arc::new(()));
    let map = OnceMap::new();
    for _ in 0..3 {
        drop(ready(pin!(map.compute(key.clone(), || at_once(value.clone())))));
    }
    assert_eq!((Arc::strong_count(&key), Arc::strong_count(&value)), (2, 2));
    drop(map);
    assert_eq!((Arc::strong_count(&key), Arc::strong_count(&value)), (1, 1));
}

#[test]
fn threads_compute_together() {
    for _ in 0..50 {
        let map = Arc::new(OnceMap::new());
        let threads = [0, 1, 2, 3].map(|n| {
            let map = map.clone();
            thread::spawn(move || {
                let tried = map.try_compute(n % 2, || at_once(Err(())));
                let tried: Result<i32, ()> = pollster::block_on(tried);
                let made = pollster::block_on(map.compute(n % 2, || at_once(n)));
                assert!(tried.is_err() || tried == Ok(made));
                made
            })
        });
        let seen = threads.map(|thread| thread.join().unwrap());
        assert_eq!((seen[0], seen[1]), (seen[2], seen[3]));
        assert_eq!(map.len(), 2);
    }
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let map = OnceMap::new();
    let mut made = pin!(map.compute(1, || at_once(1)));
    ready(made.as_mut());
    let _ = poll(made.as_mut());
}

#[test]
fn debug_shows_keys_and_values() {
    let map = OnceMap::new();
    ready(pin!(map.compute(1, || at_once(2))));
    assert_eq!(format!("{map:?}"), "{1: Some(2)}");
}

pub(crate) fn sweep(report: Report<'_>) {
    type Maker = Pin<Box<dyn Future<Output = ()> + Send>>;
    struct Making {
        map: Arc<OnceMap<u8, u8>>,
        maker: Mutex<Option<Maker>>,
    }
    let making = |name, wait| Swept {
        name,
        make: || {
            let map = Arc::new(OnceMap::new());
            let making = map.clone();
            let mut maker: Maker = Box::pin(async move {
                making.compute(7, pending).await;
            });
            assert!(poll(maker.as_mut()).is_pending());
            Making { map, maker: Mutex::new(Some(maker)) }
        },
        wait,
        free: |making: &Making| {
            let maker = making.maker.lock().unwrap().take();
            drop(maker);
        },
        // The one who makes it, and those who wait, keep the entry.
        waiting: |making| usize::from(making.map.get(&7).is_none() && !making.map.is_empty()),
        is_free: |making| making.map.is_empty() || making.map.get(&7).is_some(),
        close: None,
    };
    making("OnceMap::compute", |making| {
        let map = making.map.clone();
        Box::pin(async move { map.compute(7, || at_once(7)).await == 7 })
    })
    .sweep(report);
    making("OnceMap::try_compute", |making| {
        let map = making.map.clone();
        Box::pin(async move { map.try_compute(7, || at_once(Ok::<_, ()>(7))).await.is_ok() })
    })
    .sweep(report);
}
