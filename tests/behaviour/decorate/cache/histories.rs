//! Any history of a store, and any time that chance leaves a value.

use std::{cell::Cell, collections::HashMap, pin::pin, time::Duration};

use proptest::prelude::*;
use selvedge::context::decorate::{Cache, Recent, Store, op};

use super::super::{Failed, MS, Turned};
use crate::harness::ready;

#[derive(Clone, Debug)]
enum Step {
    Put(u8, u32),
    Get(u8),
    Remove(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0_u8..12;
    let step = prop_oneof![
        3 => (key.clone(), any::<u32>()).prop_map(|(key, value)| Step::Put(key, value)),
        3 => key.clone().prop_map(Step::Get),
        1 => key.prop_map(Step::Remove),
    ];
    prop::collection::vec(step, 1..200)
}

proptest! {
    /// Whatever happens, a store hands out what was put last, or nothing; what was just put is there; it
    /// keeps to its bounds, and forgets only what had to make room.
    #[test]
    fn a_store_tells_the_truth(capacity in 1_usize..10, steps in steps()) {
        let (store, mut truth) = (Recent::new(capacity), HashMap::new());
        let mut gone = 0;
        for step in steps {
            match step {
                Step::Put(key, value) => {
                    let full = store.len() == capacity;
                    let new = store.get(&key).is_none();
                    gone += usize::from(full && new);
                    store.put(key, value);
                    truth.insert(key, value);
                    prop_assert_eq!(store.get(&key), Some(value));
                }
                Step::Get(key) => {
                    let got = store.get(&key);
                    prop_assert!(got.is_none() || got == truth.get(&key).copied());
                }
                Step::Remove(key) => {
                    gone -= usize::from(truth.remove(&key).is_some() && store.get(&key).is_none());
                    store.remove(&key);
                    prop_assert_eq!(store.get(&key), None);
                }
            }
            let there = truth.keys().filter(|key| store.get(key).is_some()).count();
            prop_assert_eq!(there, store.len());
            prop_assert!(store.len() <= capacity);
            // Those that are known and not there have made room; one may have come back since.
            prop_assert!(truth.len() - there <= gone);
        }
    }

    /// Chance takes something of a value's time, and no more than it may.
    #[test]
    fn jitter_keeps_to_its_bounds(percent in 0_u32..=100, ttl in 1_u32..1000) {
        let (time, cache) = (Turned::new(), Cache::new(1000).ttl(ttl * MS).jitter(percent));
        let find = op(async |n: u32| Ok::<_, Failed>(n)).with_time(time.clone());
        let find = find.cache(&cache, |&(n,): &(u32,)| n);
        for key in 0..100 {
            prop_assert_eq!(ready(pin!(find.call(key))), Ok(key));
        }
        let there = |time: &Turned| {
            let calls = Cell::new(0);
            let look = op(async |_: u32| {
                calls.set(calls.get() + 1);
                Err::<u32, _>("gone")
            });
            let look = look.with_time(time.clone()).cache(&cache, |&(n,): &(u32,)| n);
            (0..100).filter(|key| ready(pin!(look.call(*key))).is_ok()).count()
        };
        let least = ttl * MS * (100 - percent) / 100;
        time.turn(least.saturating_sub(Duration::from_nanos(1)));
        prop_assert!(least.is_zero() || there(&time) == 100);
        time.turn(ttl * MS - least.saturating_sub(Duration::from_nanos(1)));
        prop_assert_eq!(there(&time), 0);
    }
}
