//! What must hold of a budget for retries in every interleaving.

use std::sync::Arc;

use selvedge::{
    context::decorate::Budget,
    model::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::runner::design;

/// Each retry is paid for once, however many ask at the same time.
///
/// Red when: mutant "two retries are paid with one".
#[test]
fn a_retry_is_paid_for_once() {
    design(3, |d| {
        let (budget, made) = (Arc::new(Budget::new(100, 1)), Arc::new(AtomicU64::new(0)));
        for name in ["one", "two"] {
            let (budget, made) = (budget.clone(), made.clone());
            d.thread(name, move || {
                budget.deposit();
                if budget.withdraw() {
                    made.fetch_add(1, Relaxed);
                }
            });
        }
        d.after(move || {
            let made = made.load(Relaxed);
            assert!((1..=2).contains(&made));
            assert!(made + budget.left() <= 3, "one was saved up, two were paid in");
            assert!(budget.left() <= 1, "no more than fits is kept");
        });
    });
}

/// One retry that is left is taken by one of two.
///
/// Red when: mutant "two retries are paid with one".
#[test]
fn the_last_retry_is_taken_once() {
    design(3, |d| {
        let (budget, made) = (Arc::new(Budget::new(0, 1)), Arc::new(AtomicU64::new(0)));
        for name in ["one", "two"] {
            let (budget, made) = (budget.clone(), made.clone());
            d.thread(name, move || {
                if budget.withdraw() {
                    made.fetch_add(1, Relaxed);
                }
            });
        }
        d.after(move || assert_eq!((made.load(Relaxed), budget.left()), (1, 0)));
    });
}
