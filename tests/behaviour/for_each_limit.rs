//! Work on the items of a stream, a few at a time.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    future::pending,
    pin::{Pin, pin},
    task::{Context, Poll},
};

use futures_lite::{future::yield_now, stream};
use selvedge::{
    context::{ZeroLimit, for_each_limit, try_for_each_limit},
    sync::Semaphore,
};

use crate::{
    harness::{Watched, growth, poll, ready as now},
    scope::finish,
};

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
fn its_places_are_used_again() {
    let watched = Watched::new();
    // A stream of work, for ever.
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
