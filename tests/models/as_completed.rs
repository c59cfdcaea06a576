//! What must hold of outputs that come as they come in every interleaving.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
};

use selvedge::{context::as_completed, sync::Semaphore};

use crate::runner::{block_on, check, spawn};

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
