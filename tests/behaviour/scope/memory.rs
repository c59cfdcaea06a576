//! Where children are kept, and what they cost.

use std::{
    cell::{Cell, RefCell},
    future::{pending, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use futures_lite::future::yield_now;
use selvedge::{
    context::{InScope, Scope, local_scope, scope},
    sync::Semaphore,
};

use super::{Texts, finish};
use crate::harness::{Watched, allocations, growth, poll, ready as now};

/// Of many children, the one that was woken is polled.
#[test]
fn only_those_that_are_woken_are_polled() {
    const CHILDREN: usize = 1000;
    let polls = Cell::new(0);
    let gate = Semaphore::new(0);
    let (polls, gate) = (&polls, &gate);
    let mut running = Box::pin(local_scope(async |scope: Texts<'_>| {
        for _ in 0..CHILDREN {
            scope.spawn(async move {
                let mut acquire = Box::pin(gate.acquire());
                poll_fn(|cx| {
                    polls.set(polls.get() + 1);
                    acquire.as_mut().poll(cx)
                })
                .await
                .unwrap()
                .forget();
                Ok(())
            });
        }
        Ok(())
    }));
    let watched = Watched::new();
    assert!(watched.poll(running.as_mut()).is_pending());
    assert_eq!(polls.get(), CHILDREN);
    // Polled without being woken: nobody else is.
    assert!(watched.poll(running.as_mut()).is_pending());
    assert_eq!(polls.get(), CHILDREN);
    for at in 1..CHILDREN {
        gate.add_permits(1);
        assert_eq!(watched.woken(), at);
        assert!(watched.poll(running.as_mut()).is_pending());
        assert_eq!(polls.get(), CHILDREN + at);
    }
    gate.add_permits(1);
    now(running.as_mut()).unwrap();
}

/// A child is stored once, without a box for each.
#[test]
fn children_share_their_memory() {
    const CHILDREN: usize = 1000;
    let mut running = Box::pin(local_scope(async |scope: Texts<'_>| {
        let count = allocations(|| {
            for _ in 0..CHILDREN {
                scope.spawn(async {
                    let _room = [0_u8; 64];
                    pending().await
                });
            }
        });
        // Chunks that double, and the list in which they are left: not one for each.
        assert!(count < 50, "{count} allocations for {CHILDREN} children");
        pending::<Result<(), _>>().await
    }));
    let count = allocations(|| assert!(poll(running.as_mut()).is_pending()));
    assert!(count < 150, "{count} allocations for {CHILDREN} children");
}

#[test]
fn nothing_grows() {
    let handle = RefCell::new(None);
    let mut running = Box::pin(local_scope(async |scope: Texts<'_>| {
        *handle.borrow_mut() = Some(scope);
        pending::<Result<(), _>>().await
    }));
    let watched = Watched::new();
    assert!(watched.poll(running.as_mut()).is_pending());
    let scope = handle.borrow_mut().take().unwrap();
    let round = |running: &mut Pin<Box<InScope<'_, _, _, _>>>| {
        for _ in 0..100 {
            assert!(scope.spawn(async {
                let room = [1_u8; 100];
                yield_now().await;
                if room[7] == 1 { Ok(()) } else { Err("torn") }
            }));
        }
        for _ in 0..3 {
            assert!(watched.poll(running.as_mut()).is_pending());
        }
    };
    // Two lists of new children take turns.
    round(&mut running);
    round(&mut running);
    let grown = growth(|| (0..100).for_each(|_| round(&mut running)));
    assert_eq!(grown, 0);
    assert_eq!(watched.kept(), 1);
}

/// A child's waker outlives the scope.
#[test]
fn a_waker_that_comes_too_late() {
    let kept = Arc::new(Mutex::new(None::<Waker>));
    let mut running = Box::pin(scope(async |scope: Scope<'_, ()>| {
        let kept = kept.clone();
        scope.spawn(poll_fn(move |cx| {
            *kept.lock().unwrap() = Some(cx.waker().clone());
            Poll::Pending
        }));
        pending::<Result<(), _>>().await
    }));
    assert!(poll(running.as_mut()).is_pending());
    drop(running);
    let waker = kept.lock().unwrap().take().unwrap();
    waker.wake_by_ref();
    let clone = waker.clone();
    waker.wake();
    drop(clone);
}

/// Futures without a size, and of many sizes and alignments.
#[test]
fn futures_of_all_sizes() {
    #[repr(align(128))]
    struct Wide(u8);
    struct Nothing;
    impl Future for Nothing {
        type Output = Result<(), &'static str>;
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            Poll::Ready(Ok(()))
        }
    }
    let seen = Cell::new(0);
    let seen = &seen;
    finish(local_scope(async |scope: Texts<'_>| {
        for _ in 0..10 {
            scope.spawn(Nothing);
            scope.spawn(async {
                let wide = Wide(1);
                yield_now().await;
                assert!((&raw const wide).addr() % 128 == 0);
                seen.set(seen.get() + wide.0);
                Ok(())
            });
            scope.spawn(async {
                let long = [1_u8; 3000];
                yield_now().await;
                seen.set(seen.get() + long[2999]);
                Ok(())
            });
        }
        Ok(())
    }))
    .unwrap();
    assert_eq!(seen.get(), 20);
}
