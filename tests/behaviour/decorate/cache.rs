//! Keeping what calls ended with.

use std::{
    cell::Cell,
    future::{pending, ready as at_once},
    pin::pin,
    rc::Rc,
    sync::Arc,
    thread,
    time::Duration,
};

use selvedge::{
    context::decorate::{Always, Cache, Flight, Keep, Negative, SendCall, Time, op},
    time::{Timer, VirtualClock, sleep},
};

use super::{Failed, MS, Turned};
use crate::harness::{allocations, growth, panics, poll, ready};

mod histories;
mod stores;

type Found = Result<u32, &'static str>;

/// Counts its calls, and ends with what it is told.
fn counted(calls: &Cell<u32>) -> impl AsyncFn(Found) -> Found {
    async |found| {
        calls.set(calls.get() + 1);
        found
    }
}

fn key(&(found,): &(Found,)) -> bool {
    found.is_ok()
}

#[test]
fn only_what_is_ok_is_kept() {
    let (cache, calls) = (Cache::new(4), Cell::new(0));
    let find = op(counted(&calls)).cache(&cache, key);
    assert_eq!(ready(pin!(find.call(Ok(1)))), Ok(1));
    assert_eq!(ready(pin!(find.call(Ok(2)))), Ok(1), "as it was kept");
    assert_eq!(ready(pin!(find.call(Err("none")))), Err("none"));
    assert_eq!(ready(pin!(find.call(Err("none")))), Err("none"));
    assert_eq!(calls.get(), 3);
    assert_eq!((cache.get(&true), cache.get(&false)), (Some(1), None));
}

/// What is dropped or panics keeps nothing.
#[test]
fn what_does_not_end_is_not_kept() {
    let cache = Cache::<u8, u8>::new(4);
    let mut call = Box::pin(cache.run(1, pending));
    assert!(poll(call.as_mut()).is_pending());
    drop(call);
    assert!(panics(|| _ = ready(pin!(cache.run(1, || async { panic!("on purpose") })))));
    assert!(cache.store().is_empty());
    assert_eq!(ready(pin!(cache.try_run(1, || at_once(Err("none"))))), Err("none"));
    assert_eq!(ready(pin!(cache.try_run(1, || at_once(Ok::<_, &str>(1))))), Ok(1));
    assert_eq!(ready(pin!(cache.run(1, || async { unreachable!() }))), 1);
}

#[test]
fn a_value_is_good_for_its_time() {
    let (time, calls) = (Turned::new(), Cell::new(0));
    let cache = Cache::new(4).ttl(10 * MS);
    let find = op(counted(&calls)).with_time(time.clone()).cache(&cache, key);
    assert_eq!(ready(pin!(find.call(Ok(1)))), Ok(1));
    time.turn(10 * MS - Duration::from_nanos(1));
    assert_eq!(ready(pin!(find.call(Ok(2)))), Ok(1));
    time.turn(Duration::from_nanos(1));
    assert_eq!(ready(pin!(find.call(Ok(3)))), Ok(3));
    assert_eq!(calls.get(), 2);
}

/// It begins when the call has ended.
#[test]
fn time_begins_with_the_end_of_the_call() {
    let time = Turned::new();
    let cache = Cache::new(4).ttl(10 * MS);
    let slow = op(async |n: u8| {
        time.sleep(50 * MS).await;
        Ok::<_, Failed>(n)
    });
    let slow = slow.with_time(time.clone()).cache(&cache, |_: &(u8,)| ());
    let mut first = pin!(slow.call(1));
    assert!(poll(first.as_mut()).is_pending());
    time.turn(50 * MS);
    assert_eq!(ready(first.as_mut()), Ok(1));
    time.turn(9 * MS);
    assert_eq!(ready(pin!(slow.call(2))), Ok(1));
}

/// Where there is no limit, no clock is read; where there is one, once for each call.
#[test]
fn a_clock_is_read_for_a_limit_only() {
    let (time, calls) = (Turned::new(), Cell::new(0));
    let (for_ever, limited) = (Cache::new(4), Cache::new(4).ttl(MS));
    let find = op(counted(&calls)).with_time(time.clone());
    let find = find.cache(&for_ever, key);
    assert_eq!(ready(pin!(find.call(Ok(1)))), Ok(1));
    assert_eq!(ready(pin!(find.call(Ok(1)))), Ok(1));
    assert_eq!(time.looks(), 0);
    let find = op(counted(&calls)).with_time(time.clone()).cache(&limited, key);
    assert_eq!(ready(pin!(find.call(Ok(1)))), Ok(1));
    assert_eq!(ready(pin!(find.call(Ok(1)))), Ok(1));
    assert_eq!(time.looks(), 2);
}

/// Errors have a time of their own.
#[test]
fn negative_caching() {
    let (time, calls) = (Turned::new(), Cell::new(0));
    let cache = Cache::new(4).ttl(10 * MS);
    let find = op(counted(&calls)).with_time(time.clone());
    let find = find.cache_when(&cache, key, Negative(2 * MS));
    assert_eq!(ready(pin!(find.call(Err("none")))), Err("none"));
    assert_eq!(ready(pin!(find.call(Ok(1)))), Ok(1));
    time.turn(MS);
    assert_eq!(ready(pin!(find.call(Err("other")))), Err("none"));
    time.turn(MS);
    assert_eq!(ready(pin!(find.call(Err("other")))), Err("other"));
    assert_eq!(ready(pin!(find.call(Ok(2)))), Ok(1));
    assert_eq!(calls.get(), 3);
}

#[test]
fn the_output_decides_what_is_kept() {
    let (time, calls) = (Turned::new(), Cell::new(0));
    let cache = Cache::new(4);
    let keep = |found: &Found| match found {
        Ok(0) => Keep::No,
        Ok(_) => Keep::Yes,
        Err("none") => Keep::For(5 * MS),
        Err(_) => Keep::For(Duration::ZERO),
    };
    let find = op(counted(&calls)).with_time(time.clone());
    let find = find.cache_when(&cache, |&(found,): &(Found,)| found, keep);
    for (found, kept) in [(Ok(0), false), (Ok(1), true), (Err("none"), true), (Err("ill"), false)] {
        calls.set(0);
        assert_eq!(ready(pin!(find.call(found))), found);
        assert_eq!(ready(pin!(find.call(found))), found);
        assert_eq!(calls.get() == 1, kept, "{found:?}");
    }
    time.turn(5 * MS);
    calls.set(0);
    assert_eq!(ready(pin!(find.call(Err("none")))), Err("none"));
    assert_eq!(ready(pin!(find.call(Ok(1)))), Ok(1));
    assert_eq!(calls.get(), 1);
}

/// Outputs that are no results are kept whole.
#[test]
fn what_cannot_fail_is_kept() {
    let (cache, calls) = (Cache::new(4), Cell::new(0_u32));
    let count = op(async |_: u8| {
        calls.set(calls.get() + 1);
        calls.get()
    });
    let count = count.cache_when(&cache, |&(n,): &(u8,)| n, Always);
    assert_eq!([1, 1, 2, 1].map(|n| ready(pin!(count.call(n)))), [1, 1, 2, 1]);
}

#[test]
fn limits_at_both_ends() {
    let cache = Cache::new(4).ttl(Duration::MAX).jitter(50);
    cache.put(1, 1);
    assert_eq!(cache.get(&1), Some(1));
    let cache = Cache::new(4).ttl(Duration::ZERO);
    assert_eq!(ready(pin!(cache.run(1, || at_once(1)))), 1);
    assert_eq!(ready(pin!(cache.run(1, || at_once(2)))), 2);
    let endless = Cache::new(usize::MAX);
    endless.put(1, 1);
    assert_eq!(endless.get(&1), Some(1));
    assert!(panics(|| drop(Cache::<u8, u8>::new(0))));
    assert!(panics(|| drop(Cache::<u8, u8>::new(1).jitter(101))));
}

/// What was removed while a call ran is handed to whoever made the call, and not kept.
#[test]
fn what_is_removed_does_not_come_back() {
    let cache = Cache::new(4);
    cache.put(2, 20);
    let begin = |key| {
        cache.run(key, || async {
            futures_lite::future::yield_now().await;
            10
        })
    };
    for (removed, kept) in [(1, None), (2, None)] {
        let mut call = pin!(begin(1));
        assert!(poll(call.as_mut()).is_pending());
        cache.remove(&removed);
        assert_eq!(ready(call.as_mut()), 10);
        assert_eq!(cache.get(&1), kept);
    }
    assert_eq!(cache.get(&2), None);
    let mut call = pin!(begin(1));
    assert!(poll(call.as_mut()).is_pending());
    assert_eq!(ready(call.as_mut()), 10);
    assert_eq!(cache.get(&1), Some(10));
}

/// Semantics 127: with a flight inside a hundred who miss make one call, and whoever leads next finds
/// what the one before has kept.
#[test]
fn a_flight_inside_prevents_a_stampede() {
    let time = Turned::new();
    let cache = Cache::new(4).ttl(10 * MS);
    let (flight, calls) = (Flight::new(), Cell::new(0_u32));
    let key = |&(n,): &(u8,)| n;
    let slow = op(async |_: u8| {
        calls.set(calls.get() + 1);
        time.sleep(MS).await;
        Ok::<_, Failed>(calls.get())
    });
    let slow = slow.with_time(time.clone()).cache(&cache, key).single_flight(&flight, key);
    let whole = slow.cache(&cache, key);
    for round in 1..4 {
        let mut calls: Vec<_> = (0..100).map(|_| Box::pin(whole.call(7))).collect();
        for call in &mut calls {
            assert!(poll(call.as_mut()).is_pending());
        }
        time.turn(MS);
        for call in &mut calls {
            assert_eq!(ready(call.as_mut()), Ok(round));
        }
        assert_eq!(ready(pin!(whole.call(7))), Ok(round));
        time.turn(10 * MS);
    }
    assert!(flight.is_empty());
}

/// The second of two who missed comes to the flight when the first has landed already.
#[test]
fn whoever_leads_looks_once_more() {
    let (cache, flight, calls) = (Cache::new(4), Flight::new(), Cell::new(0));
    let find = || op(counted(&calls)).cache(&cache, key).single_flight(&flight, key);
    // Both have looked, and missed.
    assert_eq!(cache.get(&true), None);
    assert_eq!(ready(pin!(find().call(Ok(1)))), Ok(1));
    assert_eq!(ready(pin!(find().call(Ok(2)))), Ok(1));
    assert_eq!(calls.get(), 1);
}

/// Time is that of the timer which is current where a call is polled, or of the chain.
#[test]
fn a_cache_on_virtual_time() {
    static CACHE: Cache<u8, u32> = Cache::new(4).ttl(Duration::from_secs(60));
    let clock = VirtualClock::new();
    let calls = Cell::new(0);
    let find = op(async |_: u8| {
        calls.set(calls.get() + 1);
        Ok::<_, Failed>(calls.get())
    })
    .cache(&CACHE, |&(n,): &(u8,)| n);
    let _entered = clock.enter();
    pollster::block_on(clock.auto_advance(async {
        assert_eq!(find.call(7).await, Ok(1));
        sleep(Duration::from_secs(59)).await;
        assert_eq!(find.call(7).await, Ok(1));
        sleep(Duration::from_secs(1)).await;
        assert_eq!(find.call(7).await, Ok(2));
    }));
}

/// A hit allocates nothing, a miss its entry, and a full store nothing more.
#[test]
fn what_a_call_allocates() {
    let cache = Cache::<u32, u32>::new(8);
    let call = |key| assert_eq!(ready(pin!(cache.run(key, || at_once(key)))), key);
    (0..100).for_each(call);
    assert_eq!(allocations(|| call(99)), 0);
    assert_eq!(allocations(|| call(100)), 1);
    assert_eq!(growth(|| (0..1000).for_each(call)), 0);
    assert_eq!(cache.store().len(), 8);
}

#[test]
fn a_cache_is_hardly_larger_than_its_call() {
    let cache = Cache::<u8, u8>::new(1);
    let plain = async |_: &str| {
        let ballast = [1_u8; 1000];
        futures_lite::future::yield_now().await;
        Ok::<_, Failed>(ballast[7])
    };
    let inner = size_of_val(&plain("warp"));
    let time = Turned::new();
    let kept = op(plain).with_time(time).cache(&cache, |_: &(&str,)| 1);
    let whole = size_of_val(&kept.call("warp"));
    println!("{whole} bytes, {inner} of them the call's");
    assert!(whole <= inner + size_of::<[usize; 8]>());
}

/// Borrowed arguments, in an `Arc`, across threads; or all on one.
#[test]
fn threads_share_a_cache() {
    fn spawns<C>(ask: C)
    where
        C: for<'a> SendCall<(&'a str,), Output = Result<usize, Failed>>,
    {
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for name in ["warp", "heddle", "weft", "reed", "loom"] {
                        let text = String::from(name);
                        let length = pollster::block_on(ask.send_call((&text,)));
                        assert_eq!(length, Ok(name.len()));
                    }
                });
            }
        });
    }
    let cache = Arc::new(Cache::new(3).ttl(MS));
    let ask = op(async |text: &str| Ok::<_, Failed>(text.len()));
    spawns(ask.cache(cache.clone(), |(text,): &(&str,)| (*text).to_owned()));
    assert_eq!(cache.store().len(), 3);
    let local = Cache::new(2);
    let ask = op(async |n: Rc<u32>| Ok::<_, Failed>(Rc::new(2 * *n)));
    let ask = ask.cache(&local, |(n,): &(Rc<u32>,)| n.clone());
    assert_eq!(ready(pin!(ask.call(Rc::new(3)))), Ok(Rc::new(6)));
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let cache = Cache::new(1);
    let mut run = pin!(cache.run(1, || at_once(1)));
    ready(run.as_mut());
    let _ = poll(run.as_mut());
}
