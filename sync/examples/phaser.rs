//! Weavers that come and go, row by row.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
};

use selvedge_sync::Phaser;

static ROWS: Phaser = Phaser::new(0);
static THREADS: AtomicU32 = AtomicU32::new(0);

fn main() {
    // All are there before the first row begins.
    let parties: Vec<_> = (1..=3).map(|rows| (rows, ROWS.register_one())).collect();
    let weavers: Vec<_> = parties
        .into_iter()
        .map(|(rows, mut party)| {
            thread::spawn(move || {
                for _ in 0..rows {
                    THREADS.fetch_add(1, Relaxed);
                    pollster::block_on(party.wait()).expect("never closed");
                }
                // Goes home here, and the others do not wait for it.
            })
        })
        .collect();
    for weaver in weavers {
        weaver.join().expect("no panic");
    }
    assert_eq!(THREADS.load(Relaxed), 1 + 2 + 3);
    assert!(ROWS.phase() >= 3);
    assert_eq!(ROWS.statistics().parties, 0);
}
