//! What must hold of a phaser in every interleaving.

use std::sync::Arc;

use loom::cell::Cell;
use selvedge::sync::{Phaser, PhaserClosed};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

struct Work {
    phaser: Phaser,
    rows: [Cell<u32>; 2],
}

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the cells are shared on purpose")]
unsafe impl Sync for Work {}

impl Work {
    fn new(parties: usize) -> Arc<Self> {
        let rows = [Cell::new(0), Cell::new(0)];
        Arc::new(Self { phaser: Phaser::new(parties), rows })
    }
}

/// Whoever has waited for a phase sees what was done before each arrival in it, phase by phase.
///
/// Red when: mutants "a phase ends unseen" and "lines up without a second look".
#[test]
fn each_arrival_is_seen() {
    check(2, || {
        let work = Work::new(2);
        let other = {
            let work = work.clone();
            spawn(move || {
                for phase in 0..2 {
                    work.rows[1].set(phase + 1);
                    let arrived = work.phaser.arrive();
                    block_on(work.phaser.wait(arrived)).unwrap();
                    assert!(work.rows[0].get() > phase);
                    let arrived = work.phaser.arrive();
                    block_on(work.phaser.wait(arrived)).unwrap();
                }
            })
        };
        for phase in 0..2 {
            work.rows[0].set(phase + 1);
            let arrived = work.phaser.arrive();
            block_on(work.phaser.wait(arrived)).unwrap();
            assert!(work.rows[1].get() > phase);
            let arrived = work.phaser.arrive();
            block_on(work.phaser.wait(arrived)).unwrap();
        }
        other.join().unwrap();
        assert_eq!(work.phaser.phase(), 4);
    });
}

/// A look that finds a phase over sees as much.
///
/// Red when: the store of `step`, or the load of `phase`, is Relaxed.
#[test]
fn a_look_sees_it_too() {
    check(3, || {
        let work = Work::new(1);
        // Who looks is the second thread: loom tries no schedule for a load that comes before
        // another thread's load and store.
        let other = {
            let work = work.clone();
            spawn(move || {
                if work.phaser.phase() == 1 {
                    assert_eq!(work.rows[0].get(), 1);
                }
            })
        };
        work.rows[0].set(1);
        work.phaser.arrive();
        other.join().unwrap();
    });
}

/// A party that leaves, having arrived or not, holds nobody up.
///
/// Red when: mutants "who leaves looks too early" and "a phase ends unseen".
#[test]
fn who_leaves_holds_nobody_up() {
    check(3, || {
        let phaser = Phaser::new(0);
        // The parties borrow it, and threads of a model live for as long as the model.
        let phaser: &'static Phaser = Box::leak(Box::new(phaser));
        let (mut one, mut other) = (phaser.register_one(), phaser.register_one());
        let leaver = spawn(move || {
            let _ = poll_and_cancel(other.wait());
            drop(other);
        });
        let first = block_on(one.wait()).unwrap();
        leaver.join().unwrap();
        let second = block_on(one.wait()).unwrap();
        assert!(second > first);
        let seen = phaser.statistics();
        assert_eq!((seen.parties, seen.missing, seen.waiting), (1, 1, 0));
    });
}

/// Closing sends everybody away, and whoever is sent away sees what was done before.
///
/// Red when: the store of `close`, or the load of `closed` in `holds`, is Relaxed.
#[test]
fn closing_sends_all_away() {
    check(3, || {
        let work = Work::new(1);
        let closer = {
            let work = work.clone();
            spawn(move || {
                work.rows[0].set(1);
                work.phaser.close();
            })
        };
        if let Some(over) = poll_and_cancel(work.phaser.wait(0)) {
            assert_eq!((over, work.rows[0].get()), (Err(PhaserClosed), 1));
        }
        assert_eq!(block_on(work.phaser.wait(0)), Err(PhaserClosed));
        closer.join().unwrap();
    });
}
