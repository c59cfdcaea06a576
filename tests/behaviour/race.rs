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

#[test]
fn race_takes_the_first() {
    let drops = Drops::default();
    let (gates, polls) = (gates(3), Cell::new(0));
    let mut race = Box::pin(race((0..3).map(|at| {
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
    assert_eq!(now(race.as_mut()), Some(1), "in the order of their wake-ups");
    assert_eq!(drops.count(), 3);
    assert_eq!(finish(selvedge::context::race([ready(1), ready(2)])), Some(1));
    assert_eq!(finish(selvedge::context::race::<Ready<u8>>([])), None);
}
