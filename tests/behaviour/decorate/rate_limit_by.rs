//! So many in a time, for each key apart.

use std::{
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use proptest::prelude::*;
use selvedge::context::decorate::{KeyedRateLimit, RateLimit, op};

use super::{MS, Turned};
use crate::harness::{Watched, poll, ready};

fn each(burst: u32) -> RateLimit {
    RateLimit::new(1, 10 * MS).burst(burst)
}

#[test]
fn keys_do_not_wait_for_each_other() {
    let time = Turned::new();
    let limits = Arc::new(KeyedRateLimit::new(each(1)));
    let double = op(async |name: &str, n: u32| name.len() as u32 * n)
        .with_time(time.clone())
        .rate_limit_by(limits.clone(), |(name, _): &(&str, u32)| (*name).to_owned());
    assert_eq!(ready(pin!(double.call2("ann", 1))), 3);
    assert_eq!(ready(pin!(double.call2("bobby", 1))), 5);
    let watched = Watched::new();
    let mut waiting = pin!(double.call2("ann", 2));
    assert!(watched.poll(waiting.as_mut()).is_pending());
    assert_eq!(ready(pin!(double.call2("c", 1))), 1);
    time.turn(10 * MS);
    assert_eq!((watched.woken(), poll(waiting)), (1, Poll::Ready(6)));
    assert_eq!(limits.len(), 3);
}

#[test]
fn a_call_that_is_cancelled_gives_the_last_slot_of_its_key_back() {
    let time = Turned::new();
    let limits = KeyedRateLimit::new(each(1));
    assert_eq!(ready(pin!(limits.run_on(time.clone(), 1, async { 1 }))), 1);
    let mut quitter = Box::pin(limits.run_on(time.clone(), 1, async { 2 }));
    assert!(poll(quitter.as_mut()).is_pending());
    drop(quitter);
    let now = selvedge::context::decorate::Time::now(&time);
    assert_eq!(limits.reserve(1, now, 1).unwrap().wait(now), 10 * MS, "as if it had not been");
    assert_eq!(limits.reserve(1, now, 2).unwrap_err().retry_after(), None);
    assert_eq!(limits.len(), 1, "what can never begin leaves no key");
    assert_eq!(ready(pin!(limits.run(2, async { 3 }))), 3);
}

/// Only a key that is as good as new is forgotten, and none that somebody waits for.
#[test]
fn keys_are_kept_for_as_long_as_they_owe_something() {
    let limits = KeyedRateLimit::new(each(3));
    let start = Instant::now();
    limits.try_take("one", start, 1).unwrap();
    limits.try_take("three", start, 3).unwrap();
    limits.collect(start + 10 * MS);
    assert_eq!(limits.len(), 1);
    assert!(limits.try_take("three", start + 10 * MS, 2).is_err());
    let waits = limits.reserve("three", start + 10 * MS, 2).unwrap();
    limits.collect(start + Duration::from_secs(1));
    assert_eq!(limits.len(), 1, "somebody has it");
    drop(waits);
    limits.collect(start + Duration::from_secs(1));
    assert!(limits.is_empty());
}

/// A million users come and go, and the map stays small.
#[test]
fn idle_keys_go_by_themselves() {
    let limits = KeyedRateLimit::new(each(1));
    let (start, mut most) = (Instant::now(), 0);
    for at in 0..100_000_u32 {
        limits.try_take(at, start + at * MS, 1).unwrap();
        most = most.max(limits.len());
    }
    assert!(most <= 200, "{most} keys, of which ten owe something");
    // What waits is swept for as well.
    let time = Turned::new();
    let limits = KeyedRateLimit::new(each(1));
    for at in 0..10_000_u32 {
        assert_eq!(ready(pin!(limits.run_on(time.clone(), at, async { at }))), at);
        time.turn(MS);
        most = most.max(limits.len());
    }
    assert!(most <= 200, "{most} keys, of which ten owe something");
}

/// Keys that panic, hash alike, or use the map themselves harm nobody.
#[test]
fn keys_may_misbehave() {
    #[derive(Clone, PartialEq, Eq)]
    struct Alike(u8, Arc<()>);
    impl Hash for Alike {
        fn hash<H: Hasher>(&self, state: &mut H) {
            assert_ne!(self.0, 9, "on purpose");
            state.write_u8(0);
        }
    }
    #[derive(Clone, Copy, Default)]
    struct Same;
    impl BuildHasher for Same {
        type Hasher = std::hash::DefaultHasher;

        fn build_hasher(&self) -> Self::Hasher {
            std::hash::DefaultHasher::new()
        }
    }
    let alive = Arc::new(());
    let limits = KeyedRateLimit::with_hasher(each(1), Same);
    let start = Instant::now();
    for key in 0..3 {
        limits.try_take(Alike(key, alive.clone()), start, 1).unwrap();
        assert!(limits.try_take(Alike(key, alive.clone()), start, 1).is_err());
    }
    assert!(crate::harness::panics(|| {
        let _ = limits.try_take(Alike(9, alive.clone()), start, 1);
    }));
    assert_eq!(limits.len(), 3);
    limits.collect(start + 20 * MS);
    assert_eq!((limits.len(), Arc::strong_count(&alive)), (0, 1));
}

proptest! {
    /// Of each key there begin at most `burst + rate * window` calls in any window, whoever is
    /// forgotten, and when.
    #[test]
    fn no_window_of_a_key_has_too_many(
        burst in 1_u32..5,
        calls in prop::collection::vec(
            (0_u64..30, 0_u8..4, 1_u32..4, prop::bool::weighted(0.2), prop::bool::weighted(0.2)),
            1..80,
        ),
    ) {
        let limits = KeyedRateLimit::new(each(burst));
        let mut now = Instant::now();
        let mut begun = HashMap::<u8, Vec<(Instant, u64)>>::new();
        for (pause, key, cost, gives_up, collects) in calls {
            now += Duration::from_millis(pause);
            if collects {
                limits.collect(now);
            }
            let Ok(slot) = limits.reserve(key, now, cost) else {
                prop_assert!(cost > burst);
                continue;
            };
            if !gives_up {
                begun.entry(key).or_default().push((now + slot.wait(now), u64::from(cost)));
                slot.begin();
            }
        }
        for begun in begun.values() {
            prop_assert!(begun.is_sorted_by_key(|(at, _)| *at), "first come, first served");
            for from in 0..begun.len() {
                let mut cost = 0;
                for (at, one) in &begun[from..] {
                    cost += one;
                    let window = at.duration_since(begun[from].0);
                    let most = u128::from(burst) + window.as_nanos() / (10 * MS).as_nanos();
                    prop_assert!(u128::from(cost) <= most, "{cost} in {window:?}");
                }
            }
        }
    }
}
