//! Outputs in the order in which they come.

use std::{cell::Cell, pin::pin};

use selvedge::context::as_completed;

use crate::{
    combine::{gated, gates},
    harness::{Watched, poll, ready as now},
};

#[test]
fn as_completed_hands_out_in_order_of_completion() {
    let (gates, polls) = (gates(3), Cell::new(0));
    let mut completed = as_completed((0..3).map(|at| gated(&gates[at], &polls, at * 10)));
    assert!(poll(pin!(completed.next())).is_pending());
    gates[2].add_permits(1);
    gates[0].add_permits(1);
    // A wait that is dropped loses nothing.
    drop(completed.next());
    assert_eq!(now(pin!(completed.next())), Some((2, 20)));
    assert_eq!(completed.left(), 2);
    assert_eq!(now(pin!(completed.next())), Some((0, 0)));
    let watched = Watched::new();
    assert!(watched.poll(pin!(completed.next())).is_pending());
    gates[1].add_permits(1);
    assert_eq!(watched.woken(), 1);
    assert_eq!(now(pin!(completed.next())), Some((1, 10)));
    assert_eq!(now(pin!(completed.next())), None);
}
