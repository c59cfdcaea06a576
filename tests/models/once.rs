//! What must hold of something that is done once, in every interleaving.

use std::{
    future::{pending, ready},
    sync::Arc,
};

use loom::cell::Cell;
use selvedge::sync::Once;

use crate::runner::{block_on, check, poll_and_cancel, spawn};

struct Work {
    once: Once,
    runs: Cell<u32>,
}

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the cell is shared on purpose")]
unsafe impl Sync for Work {}

/// It is done once, and whoever goes on sees all of it; one who is cancelled on the way is no loss.
///
/// Red when: the store of `write`, the load of `is_set`, the store of `give_back` or the CAS of
/// `try_take` is Relaxed; mutant "nobody takes over".
#[test]
fn it_is_done_once_and_seen_whole() {
    check(2, || {
        let work = Arc::new(Work { once: Once::new(), runs: Cell::new(0) });
        let other = spawn({
            let work = work.clone();
            move || {
                block_on(work.once.call_once(|| {
                    work.runs.set(work.runs.get() + 1);
                    ready(())
                }));
                assert_eq!(work.runs.get(), 1);
            }
        });
        let waiter = spawn({
            let work = work.clone();
            move || {
                block_on(work.once.wait());
                assert_eq!(work.runs.get(), 1);
            }
        });
        let _ = poll_and_cancel(work.once.call_once(|| {
            work.runs.set(work.runs.get());
            pending()
        }));
        other.join().unwrap();
        waiter.join().unwrap();
        assert!(work.once.is_completed());
    });
}
