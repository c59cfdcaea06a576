//! The capacity limiter, alone: anonymous, and by number.

use std::hint::black_box;

use selvedge_benches::{Group, Run, at_once, timed};

pub(crate) fn groups() -> Vec<Group> {
    let ours: Run = {
        let limiter = selvedge_sync::CapacityLimiter::new(1);
        Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    drop(black_box(at_once(black_box(&limiter).acquire())));
                }
            })
        })
    };
    let numbered: Run = {
        let limiter = selvedge_sync::CapacityLimiter::new(1);
        Box::new(move |n| {
            timed(|| {
                for borrower in 0..n {
                    let limiter = black_box(&limiter);
                    let _ = black_box(at_once(limiter.acquire_on_behalf_of(borrower)));
                    let _ = black_box(limiter.release_on_behalf_of(borrower));
                }
            })
        })
    };
    // Nobody is known by number, and the limit stays.
    let tokio: Run = {
        let semaphore = tokio::sync::Semaphore::new(1);
        Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    drop(black_box(at_once(black_box(&semaphore).acquire())));
                }
            })
        })
    };
    vec![Group {
        name: "capacity_limiter/uncontended".into(),
        contestants: vec![("selvedge", ours), ("tokio Semaphore", tokio), ("by number*", numbered)],
    }]
}
