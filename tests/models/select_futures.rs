//! What must hold of the first of a few futures in every interleaving.

use std::sync::Arc;

use selvedge::{context::select, sync::Semaphore};

use crate::runner::{block_on, check, spawn};

/// The branch that is not taken goes while it is woken, and what it was given goes on.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn the_other_branch_goes_while_it_is_woken() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = spawn({
            let semaphore = semaphore.clone();
            move || semaphore.add_permits(2)
        });
        let first = block_on(select(semaphore.acquire(), semaphore.acquire()).biased());
        drop(first);
        other.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.waiters()), (2, 0));
    });
}
