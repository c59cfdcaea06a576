//! What all that run futures side by side have in common.

use std::{
    cell::Cell,
    future::{pending, poll_fn, ready},
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use futures_lite::{
    future::{block_on, yield_now},
    stream,
};
use selvedge::{
    context::{
        OneOf2, OneOf3, OneOf4, Until, as_completed, for_each_limit, join_all, race, race_ok,
        scope, select, select3, select4, try_for_each_limit, try_join_all, wait,
    },
    sync::Semaphore,
    time::{Elapsed, timeout},
};

use crate::{
    handle::Drops,
    harness::Watched,
    sweep::{Report, Swept, Waiting},
};

/// Waits for its own permit, then is its output; counts its polls.
pub(crate) async fn gated<T>(gate: &Semaphore, polls: &Cell<usize>, output: T) -> T {
    let mut acquire = pin!(gate.acquire());
    poll_fn(|cx| {
        polls.set(polls.get() + 1);
        acquire.as_mut().poll(cx)
    })
    .await
    .unwrap()
    .forget();
    output
}

pub(crate) fn gates(n: usize) -> Vec<Semaphore> {
    (0..n).map(|_| Semaphore::new(0)).collect()
}

/// Cancelled by a timeout, at every poll: everything in it goes.
#[test]
fn cancelled_it_drops_everything() {
    let drops = Drops::default();
    for polls in 0..3 {
        let child = || {
            let guard = drops.guard();
            async move {
                let _guard = guard;
                loop {
                    yield_now().await;
                }
                #[expect(unreachable_code, reason = "the type of the output")]
                Ok::<(), ()>(())
            }
        };
        let three = || [child(), child(), child()];
        let mut futures: Vec<Pin<Box<dyn Future<Output = bool> + '_>>> = vec![
            Box::pin(async { join_all(three()).await.is_empty() }),
            Box::pin(async { try_join_all(three()).await.is_ok() }),
            Box::pin(async { race(three()).await.is_some() }),
            Box::pin(async { race_ok(three()).await.is_ok() }),
            Box::pin(async { as_completed(three()).next().await.is_some() }),
            Box::pin(async { wait(three().map(Box::pin), Until::All).await.done.is_empty() }),
            Box::pin(async {
                matches!(select3(child(), child(), child()).await, OneOf3::First(_))
            }),
            Box::pin(async {
                let all = stream::iter(0..3);
                try_for_each_limit(all, 3, |_| child()).unwrap().await.is_ok()
            }),
        ];
        let all = futures.len();
        let before = drops.count();
        let watched = Watched::new();
        for future in &mut futures {
            for _ in 0..polls {
                assert!(watched.poll(future.as_mut()).is_pending());
            }
        }
        drop(futures);
        let made = if polls == 0 { 0 } else { 3 * all };
        assert_eq!((drops.count() - before, watched.kept()), (made, 0));
    }
    let late = timeout(Duration::from_millis(5), join_all([pending::<()>()]));
    assert_eq!(block_on(late).map(drop), Err(Elapsed));
}

/// Each combinator around a wait for a permit: what it does to wakers, and what it leaves behind.
pub(crate) fn sweep(report: Report<'_>) {
    type Wait = fn(&Arc<Semaphore>) -> Waiting;

    async fn turn(semaphore: Arc<Semaphore>) -> Result<bool, ()> {
        Ok(semaphore.acquire_owned().await.is_ok())
    }
    let all: [(&str, Wait); 12] = [
        ("combine::join_all", |semaphore| {
            let all = join_all([turn(semaphore.clone())]);
            Box::pin(async { all.await == [Ok(true)] })
        }),
        ("combine::try_join_all", |semaphore| {
            let all = try_join_all([turn(semaphore.clone())]);
            Box::pin(async { all.await == Ok(vec![true]) })
        }),
        ("combine::race", |semaphore| {
            let all = race([turn(semaphore.clone())]);
            Box::pin(async { all.await == Some(Ok(true)) })
        }),
        ("combine::race_ok", |semaphore| {
            let all = race_ok([turn(semaphore.clone())]);
            Box::pin(async { all.await == Ok(true) })
        }),
        ("combine::as_completed", |semaphore| {
            let mut all = as_completed([turn(semaphore.clone())]);
            Box::pin(async move { all.next().await == Some((0, Ok(true))) })
        }),
        ("combine::wait", |semaphore| {
            let all = wait([Box::pin(turn(semaphore.clone()))], Until::All);
            Box::pin(async { all.await.done == [(0, Ok(true))] })
        }),
        ("combine::for_each_limit", |semaphore| {
            let semaphore = semaphore.clone();
            Box::pin(async move {
                let work = |()| {
                    let turn = turn(semaphore.clone());
                    async { assert!(turn.await.is_ok()) }
                };
                for_each_limit(stream::once(()), 1, work).unwrap().await;
                !semaphore.is_closed()
            })
        }),
        ("combine::try_for_each_limit", |semaphore| {
            let semaphore = semaphore.clone();
            Box::pin(async move {
                let work = |()| {
                    let turn = turn(semaphore.clone());
                    async { if turn.await == Ok(true) { Ok(()) } else { Err(()) } }
                };
                try_for_each_limit(stream::once(()), 1, work).unwrap().await.is_ok()
            })
        }),
        ("combine::select", |semaphore| {
            let two = select(turn(semaphore.clone()), pending::<()>());
            Box::pin(async { two.await == OneOf2::First(Ok(true)) })
        }),
        ("combine::select3", |semaphore| {
            let three = select3(pending::<()>(), turn(semaphore.clone()), pending::<()>());
            Box::pin(async { three.await == OneOf3::Second(Ok(true)) })
        }),
        ("combine::select4", |semaphore| {
            let turn = turn(semaphore.clone());
            let four = select4(pending::<()>(), pending::<()>(), turn, pending::<()>());
            Box::pin(async { four.await == OneOf4::Third(Ok(true)) })
        }),
        ("scope", |semaphore| {
            let turn = turn(semaphore.clone());
            let scope = scope(|scope| {
                scope.spawn(async { if turn.await == Ok(true) { Ok(()) } else { Err(()) } });
                ready(Ok(()))
            });
            Box::pin(async { scope.await.is_ok() })
        }),
    ];
    for (name, wait) in all {
        Swept {
            name,
            make: || Semaphore::new(0),
            wait,
            free: |semaphore| semaphore.add_permits(1),
            waiting: Semaphore::waiters,
            is_free: |semaphore| semaphore.available_permits() == 1 && semaphore.waiters() == 0,
            close: Some(Semaphore::close),
        }
        .sweep(report);
    }
}
