//! Waiting for the first.

use std::{
    cell::Cell,
    future::{Ready, ready},
};

use selvedge::context::race;

use crate::{
    combine::{gated, gates},
    handle::Drops,
    harness::{poll, ready as now},
    scope::finish,
};

/// A race of the first three beside `others` that never end: which one wins if the second and then
/// the first are let go.
fn second_and_first(others: usize) -> usize {
    let drops = Drops::default();
    let (gates, polls) = (gates(3 + others), Cell::new(0));
    let mut race = Box::pin(race((0..3 + others).map(|at| {
        let guard = drops.guard();
        let gated = gated(&gates[at], &polls, at);
        async move {
            let _guard = guard;
            gated.await
        }
    })));
    assert!(poll(race.as_mut()).is_pending());
    gates[1].add_permits(1);
    gates[0].add_permits(1);
    let first = now(race.as_mut()).unwrap();
    assert_eq!(drops.count(), 3 + others, "the losers go before the output is seen");
    first
}

#[test]
fn race_takes_the_first() {
    assert_eq!(second_and_first(14), 1, "in the order of their wake-ups");
    assert_eq!(second_and_first(0), 0, "in their order");
    assert_eq!(second_and_first(13), 0, "16 are few");
    assert_eq!(finish(race([ready(1), ready(2)])), Some(1));
    assert_eq!(finish(race::<Ready<u8>>([])), None);
    // However many an iterator says that it has.
    for children in [16, 17, 64, 65, 128, 200] {
        let all = (0..children).filter(|_| true).map(ready);
        assert_eq!(finish(race(all)), Some(0));
    }
}

/// A thousand, each of which is woken alone.
#[test]
fn many_are_polled_when_they_are_woken() {
    let (gates, polls) = (gates(1000), Cell::new(0));
    for last in [0, 63, 64, 127, 128, 999] {
        polls.set(0);
        let mut race = Box::pin(race((0..=last).map(|at| gated(&gates[at], &polls, at))));
        assert!(poll(race.as_mut()).is_pending());
        gates[last].add_permits(1);
        assert_eq!(now(race.as_mut()), Some(last));
        let again = if last < 16 { last + 1 } else { 1 };
        assert_eq!(polls.get(), last + 1 + again);
    }
}
