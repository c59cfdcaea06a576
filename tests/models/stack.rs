//! What must hold of an exit stack in every interleaving.

use std::{
    future::poll_fn,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
};

use selvedge::context::{Reaper, Stack};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// A stack's close that is cut half-way, beside a drain: each exit runs once, last in first out.
///
/// Red when: mutant "nobody hears of a new cleanup", or the rest is handed over in another order.
#[test]
fn the_order_holds_across_a_hand_over() {
    check(2, || {
        let reaper = Reaper::new();
        let ended = Arc::new(AtomicUsize::new(0));
        let mut stack = Stack::<String, _>::new(reaper.clone());
        for turn in [1, 0] {
            let ended = ended.clone();
            stack.defer(move || {
                let mut first = true;
                poll_fn(move |cx| {
                    cx.waker().wake_by_ref();
                    if std::mem::take(&mut first) {
                        return Poll::Pending;
                    }
                    assert_eq!(ended.fetch_add(1, Relaxed), turn);
                    Poll::Ready(Ok(()))
                })
            });
        }
        let quits = spawn(move || assert!(poll_and_cancel(stack.close()).is_none()));
        block_on(reaper.drain());
        quits.join().unwrap();
        block_on(reaper.drain());
        assert_eq!(ended.load(Relaxed), 2);
    });
}
