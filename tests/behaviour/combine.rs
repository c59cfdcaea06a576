//! Futures side by side.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::{Ready, pending, poll_fn, ready},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures_lite::{
    future::{block_on, yield_now},
    stream,
};
use selvedge::{
    context::{
        OneOf2, OneOf3, OneOf4, Threads, Until, ZeroLimit, as_completed, for_each_limit, join_all,
        race, race_ok, scope, select, select3, select4, spawn_on, try_for_each_limit, try_join_all,
        wait,
    },
    sync::Semaphore,
    time::{Elapsed, timeout},
};

use crate::{
    handle::Drops,
    harness::{Meddler, PollWith, Watched, allocations, growth, panics, poll, ready as now},
    scope::finish,
    sweep::{Report, Swept, Waiting},
};

/// Waits for its own permit, then is its output; counts its polls.
async fn gated<T>(gate: &Semaphore, polls: &Cell<usize>, output: T) -> T {
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

fn gates(n: usize) -> Vec<Semaphore> {
    (0..n).map(|_| Semaphore::new(0)).collect()
}

#[test]
fn join_all_keeps_the_order() {
    let (gates, polls) = (gates(3), Cell::new(0));
    let mut all = pin!(join_all((0..3).map(|at| gated(&gates[at], &polls, at))));
    let watched = Watched::new();
    assert!(watched.poll(all.as_mut()).is_pending());
    for (at, gate) in gates.iter().enumerate().rev() {
        gate.add_permits(1);
        assert_eq!(watched.poll(all.as_mut()).is_ready(), at == 0);
    }
    assert_eq!(finish(join_all([ready(1), ready(2)])), [1, 2]);
    assert_eq!(finish(join_all::<Ready<u8>>([])), []);
}

/// A thousand children that are woken one by one cost a thousand polls more.
#[test]
fn only_those_that_are_woken_are_polled() {
    const CHILDREN: usize = 1000;
    let (gates, polls) = (gates(CHILDREN), Cell::new(0));
    let mut all = pin!(join_all(gates.iter().map(|gate| gated(gate, &polls, ()))));
    let watched = Watched::new();
    assert!(watched.poll(all.as_mut()).is_pending());
    for (at, gate) in gates.iter().enumerate() {
        assert_eq!((polls.get(), watched.woken()), (CHILDREN + at, at));
        gate.add_permits(1);
        assert_eq!(watched.poll(all.as_mut()).is_ready(), at + 1 == CHILDREN);
    }
    assert_eq!(polls.get(), 2 * CHILDREN);
}

/// The children lie in chunks, and their wakers are pointers into blocks.
#[test]
fn children_are_not_boxed() {
    let count = allocations(|| {
        let mut all = pin!(join_all((0..1000).map(|_| pending::<()>())));
        assert!(poll(all.as_mut()).is_pending());
    });
    assert!(count < 100, "{count} allocations for 1000 children");
}

/// Wakers of children that have ended, and of one that is no more.
#[test]
fn late_wakers_do_no_harm() {
    let kept = Arc::new(std::sync::Mutex::new(Vec::new()));
    let keep = |polls: usize| {
        let (kept, mut left) = (kept.clone(), polls);
        poll_fn(move |cx| {
            kept.lock().unwrap().push(cx.waker().clone());
            left -= 1;
            if left == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
    };
    let mut all = Box::pin(join_all([keep(1), keep(2), keep(9)]));
    let watched = Watched::new();
    assert!(watched.poll(all.as_mut()).is_pending());
    let wakers = kept.lock().unwrap().clone();
    // The first one has ended: its waker wakes the task, and nobody is polled.
    wakers[0].wake_by_ref();
    assert!(watched.poll(all.as_mut()).is_pending());
    assert_eq!((kept.lock().unwrap().len(), watched.woken()), (3, 1));
    // Woken twice, polled once.
    wakers[1].wake_by_ref();
    wakers[1].wake_by_ref();
    assert!(watched.poll(all.as_mut()).is_pending());
    assert_eq!((kept.lock().unwrap().len(), watched.woken()), (4, 2));
    drop(all);
    assert_eq!(watched.kept(), 0);
    for waker in wakers {
        waker.wake();
    }
    assert_eq!(watched.woken(), 2);
}

/// A child that wakes itself does not keep the task, and is not forgotten.
#[test]
fn a_child_that_wakes_itself() {
    let watched = Watched::new();
    let mut all = pin!(join_all([async {
        for _ in 0..3 {
            yield_now().await;
        }
    }]));
    for turn in 0..3 {
        assert!(watched.poll(all.as_mut()).is_pending());
        assert_eq!(watched.woken(), turn + 1);
    }
    now(all);
}

#[test]
fn try_join_all_ends_with_the_first_error() {
    let drops = Drops::default();
    let child = |at: u8| {
        let guard = drops.guard();
        async move {
            let _guard = guard;
            yield_now().await;
            if at == 2 { Err(at) } else { pending().await }
        }
    };
    let mut all = Box::pin(try_join_all::<_, (), _>((0..5).map(child)));
    assert!(poll(all.as_mut()).is_pending());
    assert_eq!(now(all.as_mut()), Err(2));
    assert_eq!(drops.count(), 5, "the others went before the error is seen");
    assert_eq!(finish(try_join_all([ready(Ok::<_, ()>(1)), ready(Ok(2))])), Ok(vec![1, 2]));
}

#[test]
fn race_takes_the_first() {
    let drops = Drops::default();
    let (gates, polls) = (gates(3), Cell::new(0));
    let mut race = Box::pin(race((0..3).map(|at| {
        let guard = drops.guard();
        let gated = gated(&gates[at], &polls, at);
        async move {
            let _guard = guard;
            gated.await
        }
    })));
    assert!(poll(race.as_mut()).is_pending());
    gates[1].add_permits(1);
    gates[0].add_permits(1);
    assert_eq!(now(race.as_mut()), Some(1), "in the order of their wake-ups");
    assert_eq!(drops.count(), 3);
    assert_eq!(finish(selvedge::context::race([ready(1), ready(2)])), Some(1));
    assert_eq!(finish(selvedge::context::race::<Ready<u8>>([])), None);
}

#[test]
fn race_ok_takes_the_first_success() {
    let outcome = |n: u8| ready(if n > 9 { Ok(n) } else { Err(n) });
    assert_eq!(finish(race_ok([1, 12, 11].map(outcome))), Ok(12));
    assert_eq!(finish(race_ok([3, 1, 2].map(outcome))), Err(vec![3, 1, 2]));
    assert_eq!(finish(race_ok([].map(outcome))), Err(vec![]));
}

#[test]
fn as_completed_hands_out_in_order_of_completion() {
    let (gates, polls) = (gates(3), Cell::new(0));
    let mut completed = as_completed((0..3).map(|at| gated(&gates[at], &polls, at * 10)));
    assert!(poll(pin!(completed.next())).is_pending());
    gates[2].add_permits(1);
    gates[0].add_permits(1);
    // A wait that is dropped loses nothing.
    drop(completed.next());
    assert_eq!(now(pin!(completed.next())), Some((2, 20)));
    assert_eq!(completed.left(), 2);
    assert_eq!(now(pin!(completed.next())), Some((0, 0)));
    let watched = Watched::new();
    assert!(watched.poll(pin!(completed.next())).is_pending());
    gates[1].add_permits(1);
    assert_eq!(watched.woken(), 1);
    assert_eq!(now(pin!(completed.next())), Some((1, 10)));
    assert_eq!(now(pin!(completed.next())), None);
}

type Gated<'a> = Pin<Box<dyn Future<Output = Result<u8, u8>> + 'a>>;

#[test]
fn wait_gives_the_others_back() {
    fn all<'a>(
        gates: &'a [Semaphore],
        polls: &'a Cell<usize>,
        outcomes: [Result<u8, u8>; 4],
    ) -> Vec<Gated<'a>> {
        let gated = gates.iter().zip(outcomes).map(|(gate, outcome)| gated(gate, polls, outcome));
        gated.map(|future| Box::pin(future) as _).collect()
    }
    let polls = Cell::new(0);
    // What is ready in the same step is handed out too.
    let four = gates(4);
    let mut waiting =
        pin!(wait(all(&four, &polls, [Ok(0), Ok(1), Ok(2), Ok(3)]), Until::FirstCompleted));
    assert!(poll(waiting.as_mut()).is_pending());
    four[3].add_permits(1);
    four[1].add_permits(1);
    let waited = now(waiting.as_mut());
    assert_eq!(waited.done, [(3, Ok(3)), (1, Ok(1))]);
    let left: Vec<_> = waited.pending.iter().map(|(at, _)| *at).collect();
    assert_eq!(left, [0, 2]);

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

#[test]
fn for_each_limit_keeps_its_limit() {
    for limit in [1, 2, 7, 100, usize::MAX] {
        let (inside, most, done) = (Cell::new(0), Cell::new(0), Cell::new(0));
        let items = stream::iter(0..50);
        finish(
            for_each_limit(items, limit, async |_| {
                inside.set(inside.get() + 1);
                most.set(most.get().max(inside.get()));
                yield_now().await;
                inside.set(inside.get() - 1);
                done.set(done.get() + 1);
            })
            .unwrap(),
        );
        assert_eq!((most.get(), done.get()), (limit.min(50), 50));
    }
}

#[test]
fn a_limit_of_0_is_an_error() {
    let none = for_each_limit(stream::iter(0..3), 0, async |_| ());
    assert_eq!(none.map(|_| ()), Err(ZeroLimit));
    let none = try_for_each_limit(stream::iter(0..3), 0, async |_| Ok::<_, ()>(()));
    assert_eq!(none.map(|_| ()), Err(ZeroLimit));
    assert_eq!(ZeroLimit.to_string(), "with a limit of 0 nothing can run");
}

/// Whatever one item's work waits for, the others in flight go on. With a buffered stream and a
/// consumer they would not: futures that hold permits are not polled while the consumer waits for
/// one of them.
#[test]
fn a_slow_consumer_starves_nobody() {
    let permits = Semaphore::new(2);
    let done = Cell::new(0);
    let work = for_each_limit(stream::iter(0..8), 4, async |_| {
        // In flight, it holds a permit across an await ...
        let held = permits.acquire().await.unwrap();
        yield_now().await;
        drop(held);
        // ... and what a consumer would do afterwards needs one as well.
        let _slow = permits.acquire().await.unwrap();
        yield_now().await;
        done.set(done.get() + 1);
    });
    finish(work.unwrap());
    assert_eq!((done.get(), permits.available_permits()), (8, 2));

    // One that never ends costs the others nothing but its place.
    let done = Cell::new(0);
    let mut work = pin!(
        for_each_limit(stream::iter(0..20), 2, async |item| {
            if item == 0 {
                pending::<()>().await;
            }
            yield_now().await;
            done.set(done.get() + 1);
        })
        .unwrap()
    );
    for _ in 0..100 {
        assert!(poll(work.as_mut()).is_pending());
    }
    assert_eq!(done.get(), 19);
}

/// A stream that has nothing now is asked again when it is woken, and not for each item's end.
#[test]
fn the_stream_is_asked_when_it_is_woken() {
    struct Channel<'a>(&'a Semaphore, &'a RefCell<VecDeque<u8>>, &'a Cell<usize>);
    impl futures::Stream for Channel<'_> {
        type Item = u8;
        fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u8>> {
            self.2.set(self.2.get() + 1);
            match self.1.borrow_mut().pop_front() {
                Some(item) => Poll::Ready(Some(item)),
                None if self.0.is_closed() => Poll::Ready(None),
                None => {
                    WAKER.with_borrow_mut(|kept| *kept = Some(cx.waker().clone()));
                    Poll::Pending
                }
            }
        }
    }
    thread_local! {
        static WAKER: RefCell<Option<std::task::Waker>> = const { RefCell::new(None) };
    }
    let (open, items, asked) = (Semaphore::new(0), RefCell::default(), Cell::new(0));
    let done = Cell::new(0);
    let mut work = pin!(
        for_each_limit(Channel(&open, &items, &asked), 3, async |item| {
            yield_now().await;
            done.set(done.get() + item);
        })
        .unwrap()
    );
    let watched = Watched::new();
    assert!(watched.poll(work.as_mut()).is_pending());
    assert_eq!(asked.get(), 1);
    items.borrow_mut().extend([1, 2]);
    WAKER.take().unwrap().wake();
    assert_eq!(watched.woken(), 1);
    for _ in 0..3 {
        assert!(watched.poll(work.as_mut()).is_pending());
    }
    assert_eq!((done.get(), asked.get()), (3, 4));
    open.close();
    WAKER.take().unwrap().wake();
    now(work);
}

/// Work that is always ready does not keep the executor's thread to itself.
#[test]
fn ready_work_leaves_others_their_turn() {
    let done = Cell::new(0_usize);
    let endless = stream::repeat(());
    let mut work =
        pin!(for_each_limit(endless, 1000, async |()| done.set(done.get() + 1)).unwrap());
    let watched = Watched::new();
    for turn in 1..10 {
        let before = done.get();
        assert!(watched.poll(work.as_mut()).is_pending());
        assert!(watched.woken() >= turn);
        assert!((1..=2000).contains(&(done.get() - before)) || turn == 1);
    }
    assert!(done.get() > 100);
}

#[test]
fn try_for_each_limit_ends_with_the_first_error() {
    let (started, done) = (Cell::new(0), Cell::new(0));
    let work = try_for_each_limit(stream::iter(0..50), 3, async |item| {
        started.set(started.get() + 1);
        yield_now().await;
        if item == 4 {
            return Err("torn");
        }
        done.set(done.get() + 1);
        Ok(())
    });
    assert_eq!(finish(work.unwrap()), Err("torn"));
    assert!(done.get() >= 4 && started.get() < 10);
    let all = try_for_each_limit(stream::iter(0..3), 3, async |_| Ok::<_, ()>(()));
    assert_eq!(finish(all.unwrap()), Ok(()));
}

#[test]
fn select_drops_the_losers() {
    let drops = Drops::default();
    let loser = || {
        let guard = drops.guard();
        async move {
            let _guard = guard;
            pending::<()>().await;
        }
    };
    let mut selected = Box::pin(select(loser(), async {
        yield_now().await;
        7
    }));
    assert!(poll(selected.as_mut()).is_pending());
    assert_eq!(now(selected.as_mut()), OneOf2::Second(7));
    assert_eq!(drops.count(), 1);
    assert!(panics(|| assert!(poll(selected.as_mut()).is_pending())));
    // A future that is lent stays.
    let mut lent = pin!(async {
        yield_now().await;
        "kept"
    });
    assert_eq!(now(pin!(select(lent.as_mut(), ready(1)).biased())), OneOf2::Second(1));
    assert_eq!(now(lent), "kept");
}

#[test]
fn select_is_fair_unless_it_is_biased() {
    let mut counts = [0; 3];
    for _ in 0..3000 {
        match now(pin!(select3(ready(()), ready(()), ready(())))) {
            OneOf3::First(()) => counts[0] += 1,
            OneOf3::Second(()) => counts[1] += 1,
            OneOf3::Third(()) => counts[2] += 1,
        }
    }
    assert!(counts.iter().all(|count| (800..1200).contains(count)), "{counts:?}");
    for _ in 0..100 {
        let first = now(pin!(select3(ready(1), ready(2), ready(3)).biased()));
        assert_eq!(first, OneOf3::First(1));
    }
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

/// A child's panic goes on, and the others are dropped with the combinator.
#[test]
fn panics_go_on() {
    let drops = Drops::default();
    let child = |at: u8| {
        let guard = drops.guard();
        async move {
            let _guard = guard;
            assert!(at != 1, "on purpose");
            pending::<()>().await;
        }
    };
    let mut all = Box::pin(join_all((0..3).map(child)));
    assert!(panics(|| drop(poll(all.as_mut()))));
    drop(all);
    assert_eq!(drops.count(), 3);
}

#[test]
fn wakers_may_do_anything() {
    let gates = Arc::new(gates(3));
    let mut all = Box::pin(join_all((0..3).map({
        let gates = gates.clone();
        move |at| {
            let gates = gates.clone();
            async move { gates[at].acquire().await.unwrap().forget() }
        }
    })));
    // The task's waker wakes another child; its drop as well.
    let (woken, dropped) = (gates.clone(), gates.clone());
    let waker = Meddler::waker(move || woken[1].add_permits(1), move || dropped[2].add_permits(1));
    assert!(all.as_mut().poll_with(&waker).is_pending());
    gates[0].add_permits(1);
    let watched = Watched::new();
    assert!(watched.poll(all.as_mut()).is_pending());
    drop(waker);
    assert_eq!(watched.woken(), 1);
    now(all.as_mut());

    let turn = || {
        let gate = Semaphore::new(0);
        let mut one = Box::pin(join_all([gate.acquire()]));
        let waker = Meddler::waker(|| panic!("on purpose"), || ());
        assert!(one.as_mut().poll_with(&waker).is_pending());
        assert!(panics(|| gate.add_permits(1)));
        assert!(now(one.as_mut())[0].is_ok());
    };
    // The first panic may leave something behind, for the next ones.
    turn();
    assert_eq!(growth(turn), 0, "a panic keeps something");
}

#[test]
fn nothing_grows() {
    let gate = Semaphore::new(0);
    let mut all = Box::pin(join_all((0..100).map(|_| gate.acquire())));
    let watched = Watched::new();
    assert!(watched.poll(all.as_mut()).is_pending());
    let grown = growth(|| {
        for _ in 0..1000 {
            assert!(watched.poll(all.as_mut()).is_pending());
        }
    });
    assert_eq!((grown, watched.woken(), watched.kept()), (0, 0, 1));
    // A stream of work, for ever: the places are used again.
    let done = Cell::new(0_usize);
    let mut work = pin!(
        for_each_limit(stream::repeat(()), 8, async |()| {
            yield_now().await;
            done.set(done.get() + 1);
        })
        .unwrap()
    );
    let mut turn = || (0..100).for_each(|_| assert!(watched.poll(work.as_mut()).is_pending()));
    turn();
    assert_eq!(growth(|| (0..10).for_each(|_| turn())), 0);
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
