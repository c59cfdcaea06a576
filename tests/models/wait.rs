//! What must hold of a wait for some in every interleaving.

use std::{future::pending, pin::Pin};

use selvedge::context::{JoinError, Until, remote, wait};

use crate::{
    race::OTHERS,
    runner::{block_on, check, spawn},
};

type Outcome = Pin<Box<dyn Future<Output = Result<i32, JoinError>>>>;

/// Those that are given back are woken where they are waited for next.
///
/// Red when: mutants "a woken child does not wake its parent", "a parent sleeps though a child was
/// woken".
#[test]
fn what_is_given_back_is_waited_for_again() {
    check(2, || {
        let (tasks, handles): (Vec<_>, Vec<_>) = (0..2).map(|at| remote(async move { at })).unzip();
        let threads: Vec<_> = tasks.into_iter().map(|task| spawn(move || block_on(task))).collect();
        // Others stand beside them, so that they are many, with wakers of their own.
        let handles = handles.into_iter().map(|handle| Box::pin(handle) as Outcome);
        let beside = (0..OTHERS).map(|_| Box::pin(pending()) as Outcome);
        let first = block_on(wait(handles.chain(beside), Until::FirstCompleted));
        let left = first.pending.into_iter().filter(|(at, _)| *at < 2);
        let left: Vec<_> = left.map(|(_, handle)| handle).collect();
        assert_eq!(first.done.len() + left.len(), 2);
        for handle in left {
            assert!(block_on(handle).is_ok());
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
