//! What must hold of a wait for all, or the first that fails, in every interleaving.

use std::sync::Arc;

use selvedge::{context::try_join_all, sync::Semaphore};

use crate::runner::{block_on, check, spawn};

/// The others go while they are woken, and what they were given goes back.
///
/// Red when: mutant "no re-grant on cancel".
#[test]
fn the_others_go_while_they_are_woken() {
    check(3, || {
        let (fails, goes) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let other = spawn({
            let (fails, goes) = (fails.clone(), goes.clone());
            move || {
                fails.add_permits(1);
                goes.add_permits(1);
            }
        });
        let take = async |semaphore: &Semaphore, fails| {
            let _permit = semaphore.acquire().await.unwrap();
            if fails { Err("torn") } else { std::future::pending().await }
        };
        let ended = block_on(try_join_all([take(&fails, true), take(&goes, false)]));
        assert_eq!(ended, Err::<Vec<()>, _>("torn"));
        other.join().unwrap();
        assert_eq!((fails.available_permits(), goes.available_permits()), (1, 1));
    });
}
