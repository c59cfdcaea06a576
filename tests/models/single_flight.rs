//! What must hold of calls that are shared, in every interleaving.

use std::{
    future::{Future, pending, poll_fn},
    sync::Arc,
    task::Poll,
};

use selvedge::{
    context::decorate::Flight,
    model::atomic::{AtomicU64, Ordering::Relaxed},
};

use crate::runner::{block_on, check, is_pending, poll_and_cancel, spawn};

/// A call that sees that it is alone.
fn alone(running: &Arc<AtomicU64>, output: u64) -> impl Future<Output = u64> + use<> {
    let running = running.clone();
    async move {
        assert_eq!(running.fetch_add(1, Relaxed), 0, "two calls at a time");
        running.fetch_sub(1, Relaxed);
        output
    }
}

/// Two who ask at the same time both get an answer, of one call or of two, one after the other; and
/// nothing is left.
///
/// Red when: mutant "who joins at the last moment is not counted"; the mutants "buckets are
/// overwritten" and "an entry is entered that has left" of the map.
#[test]
fn both_get_an_answer() {
    check(3, || {
        let (flight, running) = (Arc::new(Flight::new()), Arc::new(AtomicU64::new(0)));
        let other = {
            let (flight, running) = (flight.clone(), running.clone());
            spawn(move || block_on(flight.run(7, || alone(&running, 1)).flagged()))
        };
        let own = block_on(flight.run(7, || alone(&running, 2)).flagged());
        let other = other.join().unwrap();
        match (own, other) {
            ((2, false), (1, false)) => {}
            ((own, own_shared), (other, other_shared)) => {
                assert_eq!(own, other);
                assert!(own_shared && other_shared);
            }
        }
        assert!(flight.is_empty());
    });
}

/// A leader that is dropped while others come: one of them takes over, the other gets its answer or
/// calls after it.
///
/// Red when: mutant "nobody takes over" of the cell; and as the model above.
#[test]
fn a_leader_is_dropped_while_others_come() {
    check(2, || {
        let (flight, running) = (Arc::new(Flight::new()), Arc::new(AtomicU64::new(0)));
        let others = [1, 2].map(|n| {
            let (flight, running) = (flight.clone(), running.clone());
            spawn(move || block_on(flight.run(7, || alone(&running, n))))
        });
        let _ = poll_and_cancel(flight.run(7, pending));
        let answers = others.map(|other| other.join().unwrap());
        assert!([[1, 1], [2, 2], [1, 2]].contains(&answers));
        assert!(flight.is_empty());
    });
}

/// A waiter that is promoted while it leaves: whoever is left gets through.
///
/// Red when: mutant "no re-grant on cancel" of the line; and as the first model.
#[test]
fn a_waiter_is_promoted_while_it_leaves() {
    check(2, || {
        let (flight, running) = (Arc::new(Flight::new()), Arc::new(AtomicU64::new(0)));
        let failing = {
            let flight = flight.clone();
            spawn(move || {
                let fails = flight.try_run(7, || async { Err(()) });
                // Its own error, or what the other one called.
                let answer = block_on(fails);
                assert!(answer.is_err() || answer == Ok(1));
            })
        };
        let stays = {
            let (flight, running) = (flight.clone(), running.clone());
            spawn(move || assert_eq!(block_on(flight.run(7, || alone(&running, 1))), 1))
        };
        let _ = poll_and_cancel(flight.run(7, pending));
        failing.join().unwrap();
        stays.join().unwrap();
        assert!(flight.is_empty());
    });
}

/// Whoever has got an answer and asks again does not get the same one again.
///
/// Red when: mutant "a finished call can be joined".
#[test]
fn whoever_asks_again_gets_another_answer() {
    check(3, || {
        let (flight, calls) = (Arc::new(Flight::new()), Arc::new(AtomicU64::new(0)));
        let ask = |flight: &Flight<u8, u64>, calls: &Arc<AtomicU64>| {
            let calls = calls.clone();
            block_on(flight.run(7, || async move { calls.fetch_add(1, Relaxed) }))
        };
        let other = {
            let (flight, calls) = (flight.clone(), calls.clone());
            spawn(move || ask(&flight, &calls))
        };
        let first = ask(&flight, &calls);
        assert!(ask(&flight, &calls) > first);
        other.join().unwrap();
        assert!(flight.is_empty());
    });
}

/// A call whose key was forgotten ends while another for the key is under way, and takes nothing of
/// that along.
///
/// Red when: mutant "who leaves takes the key along" of the map.
#[test]
fn a_forgotten_call_ends_beside_a_new_one() {
    check(3, || {
        let flight = Arc::new(Flight::new());
        let mut old = Box::pin({
            let flight = flight.clone();
            async move { flight.run(7, yields).await }
        });
        assert!(is_pending(old.as_mut()));
        flight.forget(&7);
        let old = spawn(move || assert_eq!(block_on(old), 1));
        let mut new = Box::pin(flight.run(7, pending));
        assert!(is_pending(new.as_mut()));
        assert_eq!(flight.len(), 1);
        old.join().unwrap();
        assert_eq!(flight.len(), 1);
        drop(new);
        assert!(flight.is_empty());
    });
}

/// A call that gives way once.
async fn yields() -> u64 {
    let mut first = true;
    poll_fn(|cx| {
        if std::mem::take(&mut first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(1)
    })
    .await
}
