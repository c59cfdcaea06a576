//! What must hold of a shield in every interleaving.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use selvedge::{
    context::{Reaper, shield},
    sync::Semaphore,
};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// The caller is cancelled beside what the shielded future waits for: it ends once, here or there.
///
/// Red when: mutant "a wake-up during the poll is forgotten" or "a driver does not look again".
#[test]
fn a_cancelled_caller_beside_the_wake_up() {
    check(2, || {
        let (reaper, go) = (Reaper::new(), Arc::new(Semaphore::new(0)));
        let ended = Arc::new(AtomicUsize::new(0));
        let (waits, count) = (go.clone(), ended.clone());
        let work = async move {
            drop(waits.acquire().await);
            count.fetch_add(1, Relaxed);
        };
        let run = reaper.run();
        let drives = spawn(move || block_on(run).left);
        let calls = spawn(move || {
            poll_and_cancel(shield(&reaper, work));
        });
        go.add_permits(1);
        calls.join().unwrap();
        assert_eq!(drives.join().unwrap(), 0);
        assert_eq!(ended.load(Relaxed), 1);
    });
}
