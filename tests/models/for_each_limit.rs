//! What must hold of work on a stream, a few items at a time, in every interleaving.

use std::sync::Arc;

use futures_core::Stream;
use selvedge::{context::for_each_limit, sync::Semaphore};

use crate::runner::{block_on, check, spawn};

/// Items that are there at once.
struct Items(u8);

impl Stream for Items {
    type Item = u8;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<u8>> {
        let left = self.0.checked_sub(1);
        self.0 = left.unwrap_or(0);
        std::task::Poll::Ready(left)
    }
}

/// Work that is woken from another thread makes room for the next item.
///
/// Red when: mutants "a woken child does not wake its parent", "a parent sleeps though a child was
/// woken".
#[test]
fn work_that_is_woken_makes_room() {
    check(2, || {
        let gate = Arc::new(Semaphore::new(0));
        let other = spawn({
            let gate = gate.clone();
            move || {
                gate.add_permits(1);
                gate.add_permits(2);
            }
        });
        let all = for_each_limit(Items(3), 2, async |_| gate.acquire().await.unwrap().forget());
        block_on(all.expect("2 is not 0"));
        other.join().unwrap();
        assert_eq!((gate.available_permits(), gate.waiters()), (0, 0));
    });
}
