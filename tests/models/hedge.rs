//! What must hold of calls that are made twice, in every interleaving.

use std::{
    future::{Ready, ready},
    sync::Arc,
    time::{Duration, Instant},
};

use selvedge::{
    context::decorate::{Budget, Hedge, Latency, Lateness, Time, hedge_on},
    model::atomic::{AtomicU64, Ordering::Relaxed},
    sync::SetOnce,
};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// On this clock everything is late at once.
#[derive(Clone)]
struct Late;

impl Time for Late {
    type Sleep = Ready<()>;

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn sleep(&self, _: Duration) -> Ready<()> {
        ready(())
    }
}

/// Two attempts are answered at the same time: one answer is seen, and by then nobody waits for the
/// other.
///
/// Red when: mutant "who is late outlives the answer".
#[test]
fn nobody_waits_for_the_loser() {
    check(2, || {
        let answers = [(); 2].map(|()| Arc::new(SetOnce::new()));
        let answering = [0, 1].map(|n| {
            let answer = answers[n].clone();
            spawn(move || answer.set(n).unwrap())
        });
        let mut attempts = answers.iter();
        let call = hedge_on(Late, Hedge::after(Duration::ZERO), || {
            let answer = attempts.next().unwrap().clone();
            Box::pin(async move { Ok::<_, ()>(*answer.wait().await) })
        });
        let mut call = Box::pin(call);
        let first = block_on(call.as_mut());
        assert!([Ok(0), Ok(1)].contains(&first));
        answering.into_iter().for_each(|answering| answering.join().unwrap());
        // Attempts would hold one each, if they were there still.
        assert_eq!(answers.each_ref().map(Arc::strong_count), [1, 1]);
    });
}

/// Of two calls that are late at the same time, one gets the last of the budget.
///
/// Red when: mutant "two retries are paid with one" of the budget.
#[test]
fn a_budget_is_shared_by_calls() {
    check(3, || {
        let (budget, attempts) = (Arc::new(Budget::new(0, 1)), Arc::new(AtomicU64::new(0)));
        let calls = [(); 2].map(|()| {
            let (budget, attempts) = (budget.clone(), attempts.clone());
            spawn(move || {
                let policy = Hedge::after(Duration::ZERO).budget(budget);
                let _ = poll_and_cancel(hedge_on(Late, policy, || {
                    attempts.fetch_add(1, Relaxed);
                    std::future::pending::<Result<(), ()>>()
                }));
            })
        });
        calls.into_iter().for_each(|call| call.join().unwrap());
        assert_eq!((attempts.load(Relaxed), budget.left()), (3, 0));
    });
}

/// Two who note at the same time are both counted, and the second of them works the percentile out.
///
/// Red when: mutant "two notes are one".
#[test]
fn every_note_counts() {
    check(3, || {
        let latency = Arc::new(Latency::new(50).minimum_calls(2));
        let noting = {
            let latency = latency.clone();
            spawn(move || latency.note(Duration::ZERO))
        };
        latency.note(Duration::ZERO);
        noting.join().unwrap();
        assert!(latency.late().is_some());
    });
}
