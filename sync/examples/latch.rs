//! A starting shot: workers get ready, and all start once the last of them is.

use std::{sync::Arc, thread};

use selvedge_sync::Latch;

fn main() {
    let ready = Arc::new(Latch::new(3));
    let start = Arc::new(Latch::new(1));
    let workers: Vec<_> = (0..3)
        .map(|n| {
            let (ready, start) = (ready.clone(), start.clone());
            thread::spawn(move || {
                ready.count_down();
                pollster::block_on(start.wait_owned());
                n * n
            })
        })
        .collect();
    // A thread and a task wait for the same latch.
    ready.blocking_wait();
    assert_eq!(start.try_wait(), Err(1));
    start.count_down();
    let sum: u32 = workers.into_iter().map(|worker| worker.join().expect("no panic")).sum();
    assert_eq!(sum, 5);
}
