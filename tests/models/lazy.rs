//! What must hold of a lazy value in every interleaving.

use std::{future::poll_fn, sync::Arc, task::Poll};

use loom::cell::Cell;
use selvedge::sync::{Lazy, LazyFuture};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// How often an initialiser was begun, and polled: by one at a time.
#[derive(Default)]
struct Work {
    begun: Cell<u32>,
    polls: Cell<u32>,
}

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the cells are shared on purpose")]
unsafe impl Sync for Work {}
// SAFETY: as above.
#[expect(unsafe_code, reason = "the cells are shared on purpose")]
unsafe impl Send for Work {}

/// The initialiser is begun once, driven by one at a time, through a cancel, and seen whole.
///
/// Red when: the store of `write`, the load of `is_set`, the store of `give_back` or the CAS of
/// `try_take` is Relaxed; mutants "nobody takes over", "an initialiser in flight is dropped".
#[test]
fn it_is_made_once_through_a_cancel() {
    check(2, || {
        let work = Arc::new(Work::default());
        let lazy = Arc::new(Lazy::new({
            let work = work.clone();
            move || -> LazyFuture<u32> {
                work.begun.set(work.begun.get() + 1);
                let work = work.clone();
                Box::pin(poll_fn(move |cx| {
                    work.polls.set(work.polls.get() + 1);
                    cx.waker().wake_by_ref();
                    if work.polls.get() < 2 { Poll::Pending } else { Poll::Ready(7) }
                }))
            }
        }));
        let others = [(); 2].map(|()| {
            let (lazy, work) = (lazy.clone(), work.clone());
            spawn(move || {
                assert_eq!(*block_on(lazy.force()), 7);
                assert_eq!((work.begun.get(), work.polls.get()), (1, 2));
            })
        });
        let _ = poll_and_cancel(lazy.force());
        for other in others {
            other.join().unwrap();
        }
        assert_eq!(lazy.waiters(), 0);
    });
}
