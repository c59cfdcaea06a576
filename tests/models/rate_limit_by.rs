//! What must hold of a rate limit a key in every interleaving.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use selvedge::{
    context::decorate::{KeyedRateLimit, RateLimit},
    model::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::runner::design;

const SLOT: Duration = Duration::from_millis(10);

/// Two calls of one key get two slots, whoever makes the entry, and whoever sweeps meanwhile.
///
/// Red when: mutant "a key in debt is forgotten".
#[test]
fn no_two_calls_of_a_key_get_one_slot() {
    let now = Instant::now();
    design(2, move |d| {
        let limits = Arc::new(KeyedRateLimit::new(RateLimit::new(1, SLOT)));
        let begun = Arc::new(AtomicU64::new(0));
        for name in ["one", "two"] {
            let (limits, begun) = (limits.clone(), begun.clone());
            d.thread(name, move || {
                if limits.try_take("key", now, 1).is_ok() {
                    begun.fetch_add(1, Relaxed);
                }
            });
        }
        let sweeps = limits.clone();
        d.thread("sweeps", move || sweeps.collect(now));
        d.after(move || {
            assert_eq!(begun.load(Relaxed), 1);
            assert_eq!(limits.len(), 1);
            limits.collect(now + SLOT);
            assert!(limits.is_empty());
        });
    });
}
