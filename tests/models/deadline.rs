//! What must hold of a wait with a deadline, in every interleaving.

use std::sync::Arc;

use selvedge::sync::{DeadlineExt, Latch, Semaphore};

use crate::runner::{block_on, check, spawn};

/// A permit that comes with the deadline is taken or goes to the next; it is not lost.
///
/// Red when: mutants "no re-grant on cancel", "an open latch tells nobody" and "lines up without a
/// second look".
#[test]
fn a_permit_and_a_deadline_race() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let deadline = Arc::new(Latch::new(1));
        let quitter = {
            let (semaphore, deadline) = (semaphore.clone(), deadline.clone());
            spawn(move || {
                let wait = semaphore.acquire().until(deadline.wait());
                block_on(wait).is_ok()
            })
        };
        let stayer = {
            let semaphore = semaphore.clone();
            spawn(move || block_on(semaphore.acquire_owned()).unwrap().forget())
        };
        semaphore.add_permits(1);
        deadline.count_down();
        quitter.join().unwrap();
        stayer.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.waiters()), (0, 0));
    });
}
