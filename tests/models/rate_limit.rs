//! What must hold of a rate limit in every interleaving.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use selvedge::{
    context::decorate::RateLimit,
    model::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::runner::design;

const SLOT: Duration = Duration::from_millis(10);

/// Two calls at the same time get two slots.
///
/// Red when: mutant "two calls take one slot".
#[test]
fn no_two_calls_get_one_slot() {
    let now = Instant::now();
    design(3, move |d| {
        let (limit, waits) = (Arc::new(RateLimit::new(1, SLOT)), Arc::new(AtomicU64::new(0)));
        for name in ["one", "two", "three"] {
            let (limit, waits) = (limit.clone(), waits.clone());
            d.thread(name, move || {
                let slot = limit.reserve(now, 1).unwrap();
                let wait = slot.wait(now).as_millis();
                slot.begin();
                waits.fetch_add(1 << (8 * (wait / 10)), Relaxed);
            });
        }
        d.after(move || assert_eq!(waits.load(Relaxed), 0x01_01_01));
    });
}

/// A slot that is given back while another is taken is used by nobody twice.
///
/// Red when: mutant "a slot is given back though a later one was taken".
#[test]
fn giving_back_takes_nothing_from_those_behind() {
    let now = Instant::now();
    design(3, move |d| {
        let limit = Arc::new(RateLimit::new(1, SLOT));
        let waits = Arc::new(AtomicU64::new(0));
        let quitter = limit.clone();
        d.thread("quitter", move || drop(quitter.reserve(now, 1).unwrap()));
        for name in ["one", "two"] {
            let (limit, waits) = (limit.clone(), waits.clone());
            d.thread(name, move || {
                let slot = limit.reserve(now, 1).unwrap();
                let wait = slot.wait(now).as_millis();
                slot.begin();
                waits.fetch_add(1 << (8 * (wait / 10)), Relaxed);
            });
        }
        // Whatever the quitter did: no two of those who stayed begin at once.
        d.after(move || {
            let waits = waits.load(Relaxed);
            assert!([0x01_01, 0x01_00_01, 0x01_01_00].contains(&waits), "{waits:x}");
        });
    });
}
