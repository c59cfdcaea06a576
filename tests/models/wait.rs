//! What must hold of a wait for some in every interleaving.

use selvedge::context::{Until, remote, wait};

use crate::runner::{block_on, check, spawn};

/// Those that are given back are woken where they are waited for next.
///
/// Red when: mutants "a woken child does not wake its parent", "a parent sleeps though a child was
/// woken".
#[test]
fn what_is_given_back_is_waited_for_again() {
    check(2, || {
        let (tasks, handles): (Vec<_>, Vec<_>) = (0..2).map(|at| remote(async move { at })).unzip();
        let threads: Vec<_> = tasks.into_iter().map(|task| spawn(move || block_on(task))).collect();
        let first = block_on(wait(handles, Until::FirstCompleted));
        let left: Vec<_> = first.pending.into_iter().map(|(_, handle)| handle).collect();
        assert_eq!(first.done.len() + left.len(), 2);
        for handle in left {
            assert!(block_on(handle).is_ok());
        }
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
