//! What must hold of a wait for all in every interleaving. Few share their task's waker; those that
//! have wakers of their own are in `race`, `wait` and `as_completed`.

use selvedge::context::{join_all, remote};

use crate::runner::{block_on, check, spawn};

/// Children that are woken from two threads all end.
///
/// Red when: mutant "a child of all wakes nobody".
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
