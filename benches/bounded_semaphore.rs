//! The bounded semaphore, alone.

use std::hint::black_box;

use selvedge_benches::{Group, Run, at_once, timed};

pub(crate) fn groups() -> Vec<Group> {
    let ours: Run = {
        let semaphore = selvedge_sync::BoundedSemaphore::new(1);
        Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    drop(black_box(at_once(black_box(&semaphore).acquire())));
                }
            })
        })
    };
    // No bound.
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
        name: "bounded_semaphore/uncontended".into(),
        contestants: vec![("selvedge", ours), ("tokio Semaphore", tokio)],
    }]
}
