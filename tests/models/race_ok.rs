//! What must hold of a race for the first success in every interleaving.

use std::{future::pending, sync::Arc};

use selvedge::{context::race_ok, sync::Semaphore};

use crate::{
    race::OTHERS,
    runner::{block_on, check, spawn},
};

/// One fails beside the success of the other: the success counts.
///
/// Red when: mutants "a woken child does not wake its parent", "a parent sleeps though a child was
/// woken".
#[test]
fn a_success_beside_a_failure() {
    check(2, || {
        let gates = [0, 1].map(|_| Arc::new(Semaphore::new(0)));
        let threads = gates.clone().map(|gate| spawn(move || gate.add_permits(1)));
        let take = async |at: usize| {
            if at >= 2 {
                pending::<()>().await;
            }
            gates[at].acquire().await.unwrap().forget();
            if at == 0 { Err("torn") } else { Ok(at) }
        };
        assert_eq!(block_on(race_ok((0..2 + OTHERS).map(take))), Ok(1));
        for thread in threads {
            thread.join().unwrap();
        }
    });
}
