//! What must hold of a race in every interleaving. Up to 16 share their task's waker, so others that
//! never end stand beside those that matter, which have wakers of their own then.

use std::{future::pending, sync::Arc};

use selvedge::{context::race, sync::Semaphore};

use crate::runner::{block_on, block_on_moved, check, spawn};

/// How many stand beside: with them, they are many.
pub(crate) const OTHERS: usize = 16;

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
        let take = async |at: usize| {
            if at >= 2 {
                pending::<()>().await;
            }
            semaphore.acquire().await.unwrap()
        };
        drop(block_on(race((0..2 + OTHERS).map(take))));
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
        let take = async |at: usize| {
            if at >= 1 {
                pending::<()>().await;
            }
            semaphore.acquire().await.unwrap().forget();
        };
        block_on_moved(race((0..1 + OTHERS).map(take)));
        other.join().unwrap();
    });
}

/// The same of few, which are woken as their task is.
///
/// Red when: mutant "few children are polled for nobody".
#[test]
fn few_are_woken_as_their_task_is() {
    check(3, || {
        let semaphore = Arc::new(Semaphore::new(0));
        let other = spawn({
            let semaphore = semaphore.clone();
            move || semaphore.add_permits(2)
        });
        let few = race([semaphore.acquire(), semaphore.acquire()]);
        drop(block_on_moved(few).unwrap().unwrap());
        other.join().unwrap();
        assert_eq!((semaphore.available_permits(), semaphore.waiters()), (2, 0));
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
        let take = async |at: usize| {
            if at >= 1 {
                pending::<()>().await;
            }
            first.acquire().await.unwrap().forget();
            second.acquire().await.unwrap().forget();
        };
        block_on(race((0..1 + OTHERS).map(take)));
        other.join().unwrap();
    });
}
