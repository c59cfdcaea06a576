//! What must hold of a cache in every interleaving.

use std::sync::Arc;

use selvedge::{
    context::decorate::Cache,
    model::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::runner::{block_on, check, spawn};

/// What a call has read before somebody changed it and removed the key is not kept.
///
/// Red when: mutant "what was removed comes back", or the Release in `remove`, or the Acquire of the
/// look before the call, is Relaxed.
#[test]
fn what_was_removed_does_not_come_back() {
    check(3, || {
        let (cache, version) = (Arc::new(Cache::new(1)), Arc::new(AtomicU64::new(0)));
        let reader = {
            let (cache, version) = (cache.clone(), version.clone());
            spawn(move || block_on(cache.run(7, || async move { version.load(Relaxed) })))
        };
        version.store(1, Relaxed);
        cache.remove(&7);
        assert!(reader.join().unwrap() <= 1);
        let kept = cache.get(&7);
        assert!([None, Some(1)].contains(&kept), "{kept:?}");
    });
}

/// Two who keep different keys in a cache with room for one: one of them is there, and whole.
///
/// Red when: mutant "room is looked for before the lock".
#[test]
fn the_bounds_are_kept() {
    check(3, || {
        let cache = Arc::new(Cache::new(1));
        let other = {
            let cache = cache.clone();
            spawn(move || {
                cache.put(1, 10);
                assert!([None, Some(10)].contains(&cache.get(&1)));
            })
        };
        cache.put(2, 20);
        other.join().unwrap();
        let there = (cache.get(&1), cache.get(&2));
        assert!([(Some(10), None), (None, Some(20))].contains(&there), "{there:?}");
        assert_eq!(cache.store().len(), 1);
    });
}
