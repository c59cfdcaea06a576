//! What must hold of a race in every interleaving.

use std::sync::Arc;

use selvedge::{context::race, sync::Semaphore};

use crate::runner::{block_on, block_on_moved, check, spawn};

/// The losers of a race go while they are woken, and what they were given goes on.
///
/// Red when: mutants "a woken child does not wake its parent" and "no re-grant on cancel".
#[test]
fn losers_go_while_they_are_woken() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = spawn({
            let semaphore = semaphore.clone();
            move || semaphore.add_permits(2)
        });
        let winner = block_on(race([semaphore.acquire(), semaphore.acquire()]));
        drop(winner.unwrap().unwrap());
        other.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.waiters()), (2, 0));
    });
}

/// A task that moves is woken where it is.
///
/// Red when: `rest` keeps the first waker.
#[test]
fn a_moved_parent_is_woken_where_it_is() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = spawn({
            let semaphore = semaphore.clone();
            move || semaphore.add_permits(1)
        });
        block_on_moved(race([semaphore.acquire()])).unwrap().unwrap().forget();
        other.join().unwrap();
    });
}

/// A child that is woken again and again, while it is polled.
///
/// Red when: mutant "a parent sleeps though a child was woken".
#[test]
fn a_child_that_is_woken_while_it_is_polled() {
    check(3, || {
        let (first, second) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let other = spawn({
            let (first, second) = (first.clone(), second.clone());
            move || {
                first.add_permits(1);
                second.add_permits(1);
            }
        });
        block_on(race([async {
            first.acquire().await.unwrap().forget();
            second.acquire().await.unwrap().forget();
        }]));
        other.join().unwrap();
    });
}
