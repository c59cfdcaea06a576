//! Workers that start workers, and one who waits until all are gone.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    thread,
};

use selvedge_sync::WaitGroup;

fn main() {
    let done = Arc::new(AtomicU32::new(0));
    let group = WaitGroup::new();
    for _ in 0..3 {
        let (working, done) = (group.clone(), done.clone());
        thread::spawn(move || {
            let (child, counted) = (working.clone(), done.clone());
            thread::spawn(move || {
                counted.fetch_add(1, Relaxed);
                drop(child);
            });
            done.fetch_add(1, Relaxed);
            drop(working);
        });
    }
    pollster::block_on(async { group.await });
    assert_eq!(done.load(Relaxed), 6);
}
