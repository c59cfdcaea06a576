//! Waiting for some, and keeping the others.

use std::{
    cell::Cell,
    future::{Ready, ready},
    iter::repeat,
    pin::{Pin, pin},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_lite::future::block_on;
use selvedge::{
    context::{Threads, Until, spawn_on, wait},
    sync::Semaphore,
};

use crate::{
    combine::{gated, gates},
    harness::{panics, poll, ready as now},
    scope::finish,
};

type Gated<'a> = Pin<Box<dyn Future<Output = Result<u8, u8>> + 'a>>;

#[test]
fn wait_gives_the_others_back() {
    fn all<'a>(
        gates: &'a [Semaphore],
        polls: &'a Cell<usize>,
        outcomes: [Result<u8, u8>; 4],
    ) -> Vec<Gated<'a>> {
        let outcomes = outcomes.into_iter().chain(repeat(Ok(4)));
        let gated = gates.iter().zip(outcomes).map(|(gate, outcome)| gated(gate, polls, outcome));
        gated.map(|future| Box::pin(future) as _).collect()
    }
    let polls = Cell::new(0);
    // What is ready in the same step is handed out too: of many in the order in which they were
    // woken, of few in theirs.
    for (many, done) in [
        (4, [(1, Ok(1)), (3, Ok(3))]),
        (16, [(1, Ok(1)), (3, Ok(3))]),
        (17, [(3, Ok(3)), (1, Ok(1))]),
        (130, [(3, Ok(3)), (1, Ok(1))]),
    ] {
        let gates = gates(many);
        let mut waiting =
            pin!(wait(all(&gates, &polls, [Ok(0), Ok(1), Ok(2), Ok(3)]), Until::FirstCompleted));
        assert!(poll(waiting.as_mut()).is_pending());
        gates[3].add_permits(1);
        gates[1].add_permits(1);
        let waited = now(waiting.as_mut());
        assert_eq!(waited.done, done);
        let left: Vec<_> = waited.pending.iter().map(|(at, _)| *at).collect();
        assert_eq!(left, [0, 2].into_iter().chain(4..many).collect::<Vec<_>>());
    }

    let four = gates(4);
    let mut waiting =
        pin!(wait(all(&four, &polls, [Ok(0), Err(1), Ok(2), Ok(3)]), Until::FirstError));
    assert!(poll(waiting.as_mut()).is_pending());
    four[0].add_permits(1);
    assert!(poll(waiting.as_mut()).is_pending());
    four[1].add_permits(1);
    let waited = now(waiting.as_mut());
    assert_eq!((waited.done, waited.pending.len()), (vec![(0, Ok(0)), (1, Err(1))], 2));

    let four = gates(4);
    four.iter().for_each(|gate| gate.add_permits(1));
    let waited = finish(wait(all(&four, &polls, [Err(0), Ok(1), Ok(2), Ok(3)]), Until::All));
    assert_eq!((waited.done.len(), waited.pending.len()), (4, 0));
    let none = wait(Vec::<Ready<Result<(), ()>>>::new(), Until::FirstCompleted);
    assert_eq!(finish(none).done.len(), 0);
}

/// A deadline leaves them running; lent handles stay.
#[test]
fn wait_has_a_deadline() {
    let gate = Arc::new(Semaphore::new(0));
    let inside = gate.clone();
    let mut handles = vec![
        spawn_on(&Threads, async move { inside.acquire().await.unwrap().forget() }),
        spawn_on(&Threads, async {}),
    ];
    let waited =
        wait(handles.iter_mut(), Until::All).by(Instant::now() + Duration::from_millis(50));
    let waited = block_on(waited);
    assert_eq!((waited.done.len(), waited.pending.len()), (1, 1));
    assert_eq!(waited.pending[0].0, 0);
    drop(waited);
    gate.add_permits(1);
    block_on(handles.swap_remove(0)).unwrap();
    // One that has passed: what is over counts.
    let late = wait([ready(Ok::<_, ()>(1))], Until::All).by(Instant::now());
    assert_eq!(block_on(late).done.len(), 1);
}

/// A child that panics does not take the others with it: they are waited for still.
#[test]
fn a_panic_leaves_the_others() {
    for many in [3, 17] {
        let (gates, polls) = (gates(many), Cell::new(0));
        let mut waiting = Box::pin(wait(
            gates.iter().enumerate().map(|(at, gate)| {
                let polls = &polls;
                Box::pin(async move {
                    gated(gate, polls, ()).await;
                    assert!(at != 1, "on purpose");
                    Ok::<_, ()>(at)
                })
            }),
            Until::All,
        ));
        assert!(poll(waiting.as_mut()).is_pending());
        gates[0].add_permits(1);
        gates[1].add_permits(1);
        assert!(panics(|| drop(poll(waiting.as_mut()))));
        drop(waiting);
        assert!(gates.iter().all(|gate| gate.waiters() == 0));
    }
}
