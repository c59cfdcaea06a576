//! A limit on helper threads that is raised while they wait, and who it is that borrows.

use std::{sync::Arc, thread};

use selvedge_sync::CapacityLimiter;

fn main() {
    let limiter = Arc::new(CapacityLimiter::new(1));
    let first = limiter.try_acquire().expect("a place is free");
    let others: Vec<_> = (0..2)
        .map(|borrower| {
            let limiter = limiter.clone();
            thread::spawn(move || {
                pollster::block_on(limiter.acquire_on_behalf_of(borrower)).expect("only once");
            })
        })
        .collect();
    limiter.set_total(3);
    for other in others {
        other.join().expect("no panic");
    }
    assert_eq!(limiter.statistics().borrowers, [0, 1]);
    drop(first);
    assert_eq!(limiter.borrowed(), 2);
    limiter.release_on_behalf_of(0).expect("it borrows");
    assert!(limiter.release_on_behalf_of(0).is_err());
}
