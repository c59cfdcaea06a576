//! A cell and those who make its value, polled by hand.

use std::{
    convert::Infallible,
    future::{Future, pending, ready as at_once},
    pin::{Pin, pin},
    sync::{Arc, Barrier, Mutex},
    thread,
};

use selvedge::sync::{OnceCell, SetError};

use crate::{
    harness::{Watched, allocations, panics, poll, ready},
    sweep::{Report, Swept},
};

/// Semantics 67.
#[test]
fn one_makes_it_and_all_see_it() {
    let cell = OnceCell::new();
    let mut running = Box::pin(cell.get_or_init(|| async {
        let mut first = true;
        std::future::poll_fn(|_| match std::mem::take(&mut first) {
            true => std::task::Poll::Pending,
            false => std::task::Poll::Ready(7),
        })
        .await
    }));
    assert!(poll(running.as_mut()).is_pending());
    let watched = [(); 3].map(|()| Watched::new());
    let mut others: Vec<_> =
        (0..2).map(|_| Box::pin(cell.get_or_init(|| async { unreachable!() }))).collect();
    let mut wait = pin!(cell.wait());
    assert!(watched[0].poll(others[0].as_mut()).is_pending());
    assert!(watched[1].poll(others[1].as_mut()).is_pending());
    assert!(watched[2].poll(wait.as_mut()).is_pending());
    let seen = cell.statistics();
    assert_eq!((seen.initialized, seen.initializing, seen.waiting), (false, true, 3));
    assert_eq!(ready(running.as_mut()), &7);
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 1, 1]);
    assert!(others.iter_mut().all(|other| *ready(other.as_mut()) == 7));
    assert_eq!((ready(wait.as_mut()), cell.get(), cell.statistics().waiting), (&7, Some(&7), 0));
}

/// Semantics 68.
#[test]
fn when_the_maker_is_cancelled_one_waiter_takes_over() {
    let cell = OnceCell::new();
    let mut running = Box::pin(cell.get_or_init(pending));
    assert!(poll(running.as_mut()).is_pending());
    let watched = [(); 3].map(|()| Watched::new());
    let mut second = Box::pin(cell.get_or_init(pending::<i32>));
    let mut third = Box::pin(cell.get_or_init(|| at_once(3)));
    let mut fourth = Box::pin(cell.get_or_init(|| at_once(4)));
    assert!(watched[0].poll(second.as_mut()).is_pending());
    assert!(watched[1].poll(third.as_mut()).is_pending());
    assert!(watched[2].poll(fourth.as_mut()).is_pending());
    drop(running);
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 0, 0]);
    // It runs its own, and is cancelled in turn.
    assert!(poll(second.as_mut()).is_pending());
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 0, 0]);
    drop(second);
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 1, 0]);
    assert_eq!(ready(third.as_mut()), &3);
    assert_eq!((watched[2].woken(), ready(fourth.as_mut())), (1, &3));
}

/// Semantics 68: woken to take over, and cancelled before it runs.
#[test]
fn a_waiter_cancelled_before_it_takes_over_hands_on() {
    let cell = OnceCell::new();
    let mut running = Box::pin(cell.get_or_init(pending));
    assert!(poll(running.as_mut()).is_pending());
    let mut second = Box::pin(cell.get_or_init(|| at_once(2)));
    let watched = Watched::new();
    let mut third = Box::pin(cell.get_or_init(|| at_once(3)));
    assert!(poll(second.as_mut()).is_pending());
    assert!(watched.poll(third.as_mut()).is_pending());
    drop(running);
    drop(second);
    assert_eq!((watched.woken(), ready(third.as_mut())), (1, &3));
}

/// Semantics 69.
#[test]
fn a_failure_goes_to_who_ran_it_alone() {
    let cell = OnceCell::<i32>::new();
    let mut failing = Box::pin(cell.get_or_try_init(|| at_once(Err("no warp"))));
    assert_eq!(ready(failing.as_mut()), Err("no warp"));
    assert_eq!((cell.get(), cell.statistics().initializing), (None, false));

    let mut running = Box::pin(cell.get_or_try_init(|| async {
        let mut polls = 0;
        std::future::poll_fn(|_| {
            polls += 1;
            if polls == 1 { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
        })
        .await;
        Err("no weft")
    }));
    assert!(poll(running.as_mut()).is_pending());
    let watched = Watched::new();
    let mut next = Box::pin(cell.get_or_try_init(|| at_once(Ok::<_, Infallible>(5))));
    assert!(watched.poll(next.as_mut()).is_pending());
    assert_eq!(ready(running.as_mut()), Err("no weft"));
    assert_eq!((watched.woken(), ready(next.as_mut())), (1, Ok(&5)));
}

/// Semantics 70.
#[test]
fn a_panic_leaves_nobody_waiting() {
    let cell = OnceCell::new();
    let watched = [(); 2].map(|()| Watched::new());
    let mut in_future = Box::pin(cell.get_or_init(|| async {
        let mut first = true;
        std::future::poll_fn(|_| match std::mem::take(&mut first) {
            true => std::task::Poll::Pending,
            false => panic!("on purpose"),
        })
        .await
    }));
    assert!(poll(in_future.as_mut()).is_pending());
    let mut in_closure =
        Box::pin(cell.get_or_init(|| -> std::future::Ready<i32> { panic!("on purpose") }));
    let mut last = Box::pin(cell.get_or_init(|| at_once(3)));
    assert!(watched[0].poll(in_closure.as_mut()).is_pending());
    assert!(watched[1].poll(last.as_mut()).is_pending());
    // At once, even if whoever catches the panic keeps the future.
    assert!(panics(|| _ = poll(in_future.as_mut())));
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 0]);
    assert!(panics(|| _ = poll(in_closure.as_mut())));
    assert_eq!(watched.each_ref().map(Watched::woken), [1, 1]);
    assert_eq!(ready(last.as_mut()), &3);
}

/// Semantics 71.
#[test]
fn set_says_why_it_did_not() {
    let cell = OnceCell::new();
    let mut running = Box::pin(cell.get_or_init(pending));
    assert!(poll(running.as_mut()).is_pending());
    let error = cell.set(1).unwrap_err();
    assert_eq!(error, SetError::InitializingError(1));
    assert_eq!(error.to_string(), "the cell is being set");
    drop(running);
    let watched = Watched::new();
    let mut wait = Box::pin(cell.wait());
    assert!(watched.poll(wait.as_mut()).is_pending());
    cell.set(2).unwrap();
    assert_eq!((watched.woken(), ready(wait.as_mut())), (1, &2));
    let error = cell.set(3).unwrap_err();
    assert_eq!(error, SetError::AlreadyInitializedError(3));
    assert_eq!(error.to_string(), "the cell is set already");
    assert!(error.is_already_init_err() && !error.is_initializing_err());
}

#[test]
fn set_wakes_those_who_would_make_it() {
    let cell = OnceCell::new();
    let mut running = Box::pin(cell.get_or_init(pending));
    assert!(poll(running.as_mut()).is_pending());
    let mut all: Vec<_> = (0..70).map(|_| Box::pin(cell.get_or_init(|| at_once(9)))).collect();
    for other in &mut all {
        assert!(poll(other.as_mut()).is_pending());
    }
    drop(running);
    assert!(all.iter_mut().all(|other| *ready(other.as_mut()) == 9));
}

#[test]
fn a_set_cell_runs_no_initialiser_and_allocates_nothing() {
    let cell = OnceCell::from(7);
    let count = allocations(|| {
        assert_eq!(ready(pin!(cell.get_or_init(|| async { unreachable!() }))), &7);
        let tried = cell.get_or_try_init(|| async { Err::<i32, _>("unreachable") });
        assert_eq!(ready(pin!(tried)), Ok(&7));
        assert_eq!(cell.blocking_wait(), &7);
    });
    // The thread that could have parked.
    assert!(count <= 1);
}

#[test]
fn the_value_is_dropped_once_and_can_be_taken() {
    let value = Arc::new(());
    let mut cell = OnceCell::from(value.clone());
    assert!(cell.get_mut().is_some());
    assert_eq!(Arc::strong_count(&value), 2);
    drop(cell.take());
    assert_eq!((Arc::strong_count(&value), cell.initialized()), (1, false));
    cell.set(value.clone()).unwrap();
    let copy = cell.clone();
    assert_eq!((Arc::strong_count(&value), copy == cell), (3, true));
    drop((cell.into_inner(), copy));
    assert_eq!(Arc::strong_count(&value), 1);
}

/// The initialiser goes before the turn: whoever takes over finds the old one gone.
#[test]
fn the_old_initialiser_is_gone_before_the_next_begins() {
    struct Gone<'a>(&'a Mutex<Vec<&'static str>>, Watched);
    impl Drop for Gone<'_> {
        fn drop(&mut self) {
            assert_eq!(self.1.woken(), 0);
            self.0.lock().unwrap().push("gone");
        }
    }
    let log = Mutex::new(Vec::new());
    let cell = OnceCell::new();
    let watched = Watched::new();
    let mut next = Box::pin(cell.get_or_init(|| {
        log.lock().unwrap().push("next");
        at_once(1)
    }));
    {
        let gone = Gone(&log, Watched::new());
        let mut running = Box::pin(cell.get_or_init(|| async {
            let _gone = gone;
            pending::<i32>().await
        }));
        assert!(poll(running.as_mut()).is_pending());
        assert!(watched.poll(next.as_mut()).is_pending());
    }
    assert_eq!(watched.woken(), 1);
    ready(next.as_mut());
    assert_eq!(*log.lock().unwrap(), ["gone", "next"]);
}

#[test]
#[should_panic = "polled after completion"]
fn polling_again_panics() {
    let cell = OnceCell::new();
    let mut made = pin!(cell.get_or_init(|| at_once(1)));
    ready(made.as_mut());
    let _ = poll(made.as_mut());
}

#[test]
fn threads_race_for_it() {
    for _ in 0..100 {
        let cell = Arc::new(OnceCell::new());
        let start = Arc::new(Barrier::new(4));
        let threads = [0, 1, 2, 3].map(|n| {
            let (cell, start) = (cell.clone(), start.clone());
            thread::spawn(move || {
                start.wait();
                pollster::block_on(async {
                    match n {
                        0 => cell.get_or_try_init(|| at_once(Err(()))).await.copied().unwrap_or(9),
                        1 => *cell.wait().await,
                        _ => *cell.get_or_init(|| at_once(n)).await,
                    }
                })
            })
        });
        let seen = threads.map(|thread| thread.join().unwrap());
        assert!(seen[0] == 9 || seen[0] == seen[1]);
        assert!(seen[1..].iter().all(|value| *value == seen[1]));
    }
}

#[test]
fn debug_shows_the_value() {
    let cell = OnceCell::new_with(Some(7));
    assert_eq!(format!("{cell:?}"), "OnceCell { value: Some(7) }");
    assert_eq!(format!("{:?}", cell.wait()), "OnceCellWait { .. }");
}

/// A cell, and one who makes its value for as long as nobody cancels that.
pub(crate) struct Making<C> {
    cell: Arc<C>,
    maker: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl<C> Making<C> {
    pub(crate) fn new<F>(cell: C, make: impl FnOnce(Arc<C>) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let cell = Arc::new(cell);
        let mut maker: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(make(cell.clone()));
        assert!(poll(maker.as_mut()).is_pending());
        Self { cell, maker: Mutex::new(Some(maker)) }
    }

    /// Cancels it.
    pub(crate) fn cancel(&self) {
        let maker = self.maker.lock().unwrap().take();
        drop(maker);
    }

    pub(crate) fn cell(&self) -> Arc<C> {
        self.cell.clone()
    }
}

pub(crate) fn sweep(report: Report<'_>) {
    let make = || {
        Making::new(OnceCell::<u8>::new(), |cell| async move {
            cell.get_or_init(pending).await;
        })
    };
    let cell = |name, wait, free| Swept {
        name,
        make,
        wait,
        free,
        waiting: |making: &Making<OnceCell<u8>>| making.cell.statistics().waiting,
        is_free: |making| {
            let seen = making.cell.statistics();
            !seen.initializing && seen.waiting == 0
        },
        close: None,
    };
    cell(
        "OnceCell::get_or_init",
        |making| {
            let cell = making.cell();
            Box::pin(async move { *cell.get_or_init(|| at_once(7)).await == 7 })
        },
        Making::cancel,
    )
    .sweep(report);
    cell(
        "OnceCell::get_or_try_init",
        |making| {
            let cell = making.cell();
            Box::pin(async move { cell.get_or_try_init(|| at_once(Ok::<_, ()>(7))).await.is_ok() })
        },
        Making::cancel,
    )
    .sweep(report);
    cell(
        "OnceCell::wait",
        |making| {
            let cell = making.cell();
            Box::pin(async move { *cell.wait().await == 7 })
        },
        |making| {
            making.cancel();
            let _ = making.cell.set(7);
        },
    )
    .sweep(report);
}
