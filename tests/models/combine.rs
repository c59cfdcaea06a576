//! What must hold of futures side by side in every interleaving.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
};

use selvedge::{
    context::{as_completed, join_all, race, remote},
    sync::Semaphore,
};

use crate::runner::{block_on, block_on_moved, check, spawn};

/// Children that are woken from two threads all end.
///
/// Red when: mutants "a parent sleeps though a child was woken", "a woken child does not wake its
/// parent".
#[test]
fn all_that_are_woken_end() {
    check(2, || {
        let (tasks, handles): (Vec<_>, Vec<_>) = (0..2).map(|at| remote(async move { at })).unzip();
        let threads: Vec<_> = tasks.into_iter().map(|task| spawn(move || block_on(task))).collect();
        let outputs = block_on(join_all(handles));
        assert_eq!(outputs.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [0, 1]);
        for thread in threads {
            thread.join().unwrap();
        }
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
        block_on_moved(join_all([semaphore.acquire()]));
        other.join().unwrap();
    });
}

/// Children that are woken again and again, while they are polled.
///
/// Red when: as above.
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
        block_on(join_all([async {
            first.acquire().await.unwrap().forget();
            second.acquire().await.unwrap().forget();
        }]));
        other.join().unwrap();
    });
}

/// The losers of a race go while they are woken.
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

/// Outputs that come while nobody asks are there when somebody does.
///
/// Red when: mutant "a parent sleeps though a child was woken".
#[test]
fn outputs_wait_for_who_asks() {
    check(3, || {
        let asked = Arc::new(AtomicUsize::new(0));
        let semaphore = Arc::new(Semaphore::new(0));
        let other = spawn({
            let semaphore = semaphore.clone();
            move || semaphore.add_permits(2)
        });
        let mut completed = as_completed((0..2).map(|_| {
            let (semaphore, asked) = (semaphore.clone(), asked.clone());
            let mut acquire = Box::pin(semaphore.acquire_owned());
            poll_fn(move |cx| {
                asked.fetch_add(1, Relaxed);
                match acquire.as_mut().poll(cx) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(permit) => Poll::Ready(permit.unwrap().forget()),
                }
            })
        }));
        while block_on(completed.next()).is_some() {}
        assert!(asked.load(Relaxed) <= 4, "nobody is polled without reason");
        other.join().unwrap();
    });
}
