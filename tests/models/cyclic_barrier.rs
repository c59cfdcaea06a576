//! What must hold of a barrier that can be broken in every interleaving.

use std::{pin::pin, sync::Arc, task::Poll};

use selvedge::sync::CyclicBarrier;

use crate::{
    barrier::{places, poll},
    runner::{block_on, check, poll_and_cancel, spawn},
};

/// Three pass together with a number each, and see what the others did before.
///
/// Red when: whoever is granted its turn is not ordered behind the leader.
#[test]
fn all_pass_with_a_number_each() {
    check(2, || {
        let barrier = Arc::new(CyclicBarrier::new(3));
        let mut places = places(&barrier, |barrier| block_on(barrier.wait()).unwrap());
        places.sort_unstable();
        assert_eq!(places, [0, 1, 2]);
        assert_eq!(barrier.statistics().passing, 0);
    });
}

/// An abort sends everybody away who waits or comes.
///
/// Red when: mutant "an abort sends nobody away".
#[test]
fn an_abort_sends_all_away() {
    check(3, || {
        let barrier = Arc::new(CyclicBarrier::new(3));
        let others = [(); 2].map(|()| {
            let barrier = barrier.clone();
            spawn(move || assert!(block_on(barrier.wait()).is_err()))
        });
        barrier.abort();
        for other in others {
            other.join().unwrap();
        }
        let seen = barrier.statistics();
        assert_eq!((seen.waiting, seen.passing, seen.broken), (0, 0, true));
    });
}

/// Three in line are sent away, in more than one batch.
///
/// Red when: mutant "one batch is sent off".
#[test]
fn all_batches_are_sent_off() {
    check(3, || {
        let barrier = Arc::new(CyclicBarrier::new(4));
        let mut all = [(); 3].map(|()| Box::pin(barrier.wait()));
        for wait in &mut all {
            assert!(poll(wait.as_mut()).is_pending());
        }
        let other = spawn({
            let barrier = barrier.clone();
            move || poll_and_cancel(barrier.wait()).is_some()
        });
        barrier.reset();
        other.join().unwrap();
        assert!(all.iter_mut().all(|wait| matches!(poll(wait.as_mut()), Poll::Ready(Err(_)))));
    });
}

/// A reset fails those who wait, who wait again, and pass with the next who comes.
///
/// Red when: mutant "a reset leaves the count".
#[test]
fn after_a_reset_all_pass() {
    check(3, || {
        let barrier = Arc::new(CyclicBarrier::new(2));
        let stubborn = spawn({
            let barrier = barrier.clone();
            move || while block_on(barrier.wait()).is_err() {}
        });
        barrier.reset();
        block_on(barrier.wait()).unwrap();
        stubborn.join().unwrap();
        let seen = barrier.statistics();
        assert_eq!((seen.waiting, seen.passing, seen.broken), (0, 0, false));
    });
}

/// Of a round that is complete, those who have not noticed fail when it is aborted.
///
/// Red when: mutant "who passes is not stopped".
#[test]
fn who_has_not_noticed_is_stopped() {
    check(3, || {
        let barrier = Arc::new(CyclicBarrier::new(2));
        let mut first = pin!(barrier.wait());
        assert!(poll(first.as_mut()).is_pending());
        let second = spawn({
            let barrier = barrier.clone();
            move || block_on(barrier.wait()).is_ok()
        });
        barrier.abort();
        assert!(block_on(first).is_err());
        second.join().unwrap();
        assert_eq!(barrier.statistics().passing, 0);
    });
}

/// Whoever gives up is not counted.
///
/// Red when: mutant "who leaves is counted".
#[test]
fn who_gives_up_is_not_counted() {
    check(3, || {
        let barrier = Arc::new(CyclicBarrier::new(2));
        let quitter = spawn({
            let barrier = barrier.clone();
            move || poll_and_cancel(barrier.wait()).is_some()
        });
        let mut here = pin!(barrier.wait());
        let first = poll(here.as_mut());
        let led = quitter.join().unwrap();
        let seen = barrier.statistics();
        match first {
            Poll::Ready(place) => assert_eq!((place, seen.waiting, seen.passing), (Ok(1), 0, 0)),
            Poll::Pending if led => assert_eq!(poll(here.as_mut()), Poll::Ready(Ok(0))),
            Poll::Pending => assert_eq!((seen.waiting, seen.passing), (1, 0)),
        }
    });
}
