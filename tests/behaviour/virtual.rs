use std::{
    future::{Future, pending, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex, mpsc},
    task::Poll,
    thread,
    time::{Duration, Instant},
};

use futures_lite::future::zip;
use selvedge::{
    sync::Semaphore,
    time::{Timer, VirtualClock, sleep, sleep_on},
};

use crate::{
    harness::{Meddler, PollWith, Spy, Watched, growth, panics, poll, ready},
    sweep::{Report, Swept},
};

const SECOND: Duration = Duration::from_secs(1);

/// Its own waker and the one with which it waits for deadlines come and go together: the shapes that
/// count them are in tests of their own.
pub(crate) fn sweep(report: Report<'_>) {
    let swept = Swept {
        name: "AutoAdvance",
        make: || (VirtualClock::new(), Semaphore::new(0)),
        wait: |shared: &Arc<(VirtualClock, Semaphore)>| {
            let (clock, shared) = (shared.0.clone(), shared.clone());
            Box::pin(clock.auto_advance(async move { shared.1.acquire().await.is_ok() }))
        },
        free: |(_, permits)| permits.add_permits(1),
        waiting: |(_, permits)| permits.waiters(),
        is_free: |(_, permits)| permits.available_permits() == 1,
        close: Some(|(_, permits)| permits.close()),
    };
    report(swept.name, "1 cancel at every poll", swept.cancel_at_every_poll());
    report(swept.name, "2 handles dropped in parallel", swept.drop_handles_in_parallel());
    report(swept.name, "3 given back after close", swept.give_back_after_close());
}

/// A waker that panics keeps no wake-up from those that are due with it, however time is turned.
#[test]
fn a_panicking_waker_leaves_those_beside_it_alone() {
    let turn: [fn(&VirtualClock); 2] = [
        |clock| clock.advance(SECOND),
        |clock| _ = poll(Box::pin(clock.auto_advance(pending::<()>())).as_mut()),
    ];
    for turn in turn {
        let clock = VirtualClock::new();
        let woken = Watched::new();
        let mut first = pin!(sleep_on(&clock, SECOND));
        let mut second = pin!(sleep_on(&clock, SECOND));
        let waker = Meddler::waker(|| panic!("on purpose"), || ());
        assert!(first.as_mut().poll_with(&waker).is_pending());
        assert!(woken.poll(second.as_mut()).is_pending());
        assert!(panics(|| turn(&clock)));
        assert_eq!(woken.woken(), 1);
        ready(first);
        ready(second);
    }
}

/// Polled, cancelled and forgotten: a clock keeps no waker of a driver that is gone, and those of
/// others.
#[test]
fn a_driver_that_goes_is_forgotten() {
    let clock = VirtualClock::new();
    let (gone, other) = (Watched::new(), Watched::new());
    let mut driver = Box::pin(clock.auto_advance(pending::<()>()));
    let passing = || {
        let mut passing = pin!(clock.auto_advance(pending::<()>()));
        for _ in 0..3 {
            assert!(gone.poll(passing.as_mut()).is_pending());
        }
        assert_eq!(gone.kept(), 2);
    };
    (0..10).for_each(|_| passing());
    assert_eq!(growth(|| (0..1000).for_each(|_| passing())), 0);
    assert_eq!((gone.kept(), gone.woken()), (0, 0));

    // It was replaced by another, which goes on.
    let mut before = Box::pin(clock.auto_advance(pending::<()>()));
    assert!(gone.poll(before.as_mut()).is_pending());
    assert!(other.poll(driver.as_mut()).is_pending());
    drop(before);
    let mut sleep = pin!(sleep_on(&clock, SECOND));
    assert!(poll(sleep.as_mut()).is_pending());
    assert_eq!((gone.kept(), other.woken()), (0, 1));
    assert!(other.poll(driver.as_mut()).is_pending());
    ready(sleep);
}

/// Whatever a waker does when it is touched, no lock is held.
#[test]
fn a_waker_may_use_the_clock_whenever_it_is_touched() {
    let clock = VirtualClock::new();
    let inside = clock.clone();
    let (spy, waker) = Spy::new(move |_| {
        let mut passing = pin!(sleep_on(&inside, Duration::ZERO));
        ready(passing.as_mut());
        let _ = (inside.waiting(), inside.now());
        inside.advance(Duration::ZERO);
    });
    let mut driver = Box::pin(clock.auto_advance(pending::<()>()));
    assert!(driver.as_mut().poll_with(&waker).is_pending());
    let mut sleep = pin!(sleep_on(&clock, SECOND));
    assert!(sleep.as_mut().poll_with(&waker).is_pending());
    assert!(driver.as_mut().poll_with(&waker).is_pending());
    ready(sleep);
    drop(driver);
    let [clones, wakes, drops] = spy.seen();
    assert_eq!((clones - wakes - drops, wakes), (0, 2), "for the deadline, and when it had come");
}

/// Semantics 107: straight to the next deadline, and only when every task is idle.
#[test]
fn it_jumps_from_deadline_to_deadline() {
    let clock = VirtualClock::new();
    let start = clock.now();
    let seen = Mutex::new(Vec::new());
    let note = |what| seen.lock().unwrap().push((what, (clock.now() - start).as_secs()));
    pollster::block_on(clock.auto_advance(async {
        zip(
            async {
                sleep_on(&clock, 3 * SECOND).await;
                note("a");
                for _ in 0..100 {
                    futures_lite::future::yield_now().await;
                }
                note("a was busy");
                sleep_on(&clock, 3600 * SECOND).await;
                note("a");
            },
            async {
                for _ in 0..3 {
                    sleep_on(&clock, 2 * SECOND).await;
                    note("b");
                }
            },
        )
        .await
    }));
    let expected = [("b", 2), ("a", 3), ("a was busy", 3), ("b", 4), ("b", 6), ("a", 3603)];
    assert_eq!(*seen.lock().unwrap(), expected);
}

/// Semantics 107: equal deadlines, in order of creation; and one at a time, if they differ.
#[test]
fn equal_deadlines_are_woken_in_order_of_creation() {
    let clock = VirtualClock::new();
    let order = Mutex::new(Vec::new());
    let mut tasks: Vec<Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
    for n in 0..50 {
        let sleep = sleep_on(&clock, SECOND + Duration::from_nanos(n % 2));
        let order = &order;
        tasks.push(Box::pin(async move {
            sleep.await;
            order.lock().unwrap().push(n);
        }));
    }
    // Polled first in the order in which they were made, and from then on as they are woken.
    let woken = Arc::new(Mutex::new((0..50).collect::<Vec<_>>()));
    pollster::block_on(clock.auto_advance(poll_fn(|cx| {
        let now: Vec<_> = std::mem::take(&mut *woken.lock().unwrap());
        for n in now {
            let (woken, outer) = (woken.clone(), cx.waker().clone());
            let wake = move || {
                woken.lock().unwrap().push(n);
                outer.wake_by_ref();
            };
            let waker = Meddler::waker(wake, || ());
            let _ = tasks[n].as_mut().poll_with(&waker);
        }
        if order.lock().unwrap().len() == 50 { Poll::Ready(()) } else { Poll::Pending }
    })));
    let even_first: Vec<_> =
        (0..50).step_by(2).chain((1..50).step_by(2)).map(|n| n as u64).collect();
    assert_eq!(*order.lock().unwrap(), even_first);
}

/// It is idle, and nothing is to come: it waits for what others do.
#[test]
fn with_nothing_to_come_it_waits() {
    let clock = VirtualClock::new();
    let start = clock.now();
    let permits = Arc::new(Semaphore::new(0));
    let watched = Watched::new();
    let mut idle = pin!(clock.auto_advance(async {
        permits.acquire().await.unwrap().forget();
        sleep_on(&clock, SECOND).await;
    }));
    for _ in 0..5 {
        assert!(watched.poll(idle.as_mut()).is_pending());
    }
    assert_eq!((watched.woken(), clock.now()), (0, start));

    // A deadline that comes from elsewhere makes it jump there.
    let elsewhere = Watched::new();
    let mut other = pin!(sleep_on(&clock, 5 * SECOND));
    assert!(elsewhere.poll(other.as_mut()).is_pending());
    assert_eq!(watched.woken(), 1);
    assert!(watched.poll(idle.as_mut()).is_pending());
    assert_eq!((elsewhere.woken(), clock.now()), (1, start + 5 * SECOND));

    permits.add_permits(1);
    assert_eq!(watched.woken(), 2);
    assert!(watched.poll(idle.as_mut()).is_pending());
    assert_eq!(watched.woken(), 3, "it jumped, and woke its own task");
    assert!(watched.poll(idle.as_mut()).is_ready());
    assert_eq!(clock.now(), start + 6 * SECOND);
}

#[test]
fn it_stands_still_until_it_is_turned() {
    let clock = VirtualClock::new();
    let start = clock.now();
    assert!(clock.is_paused());
    thread::sleep(Duration::from_millis(2));
    assert_eq!(clock.now(), start);
    clock.advance(Duration::ZERO);
    assert_eq!(clock.now(), start);
    clock.advance(SECOND);
    assert_eq!(clock.clone().now(), start + SECOND, "clones are the same clock");
    assert_eq!(VirtualClock::default().waiting(), 0);
}

#[test]
fn it_can_go_on_with_the_machines_time() {
    let clock = VirtualClock::new();
    let (start, real) = (clock.now(), Instant::now());
    let watched = Watched::new();
    let mut soon = pin!(sleep_on(&clock, Duration::from_millis(2)));
    assert!(watched.poll(soon.as_mut()).is_pending());
    clock.resume();
    assert!(!clock.is_paused());
    clock.resume();
    // A driver waits in real time, and wakes what is due.
    pollster::block_on(clock.auto_advance(sleep_on(&clock, Duration::from_millis(4))));
    assert!(real.elapsed() >= Duration::from_millis(4));
    assert!(clock.now() - start >= Duration::from_millis(4));
    // On a machine that is slow the task ended before its driver looked.
    clock.advance(Duration::ZERO);
    assert_eq!(watched.woken(), 1);
    ready(soon);
    // And so does a turn by hand.
    let mut far = pin!(sleep_on(&clock, 3600 * SECOND));
    assert!(watched.poll(far.as_mut()).is_pending());
    clock.advance(3600 * SECOND);
    assert_eq!(watched.woken(), 2);

    clock.pause();
    let paused = clock.now();
    assert!(paused - start >= 3600 * SECOND);
    thread::sleep(Duration::from_millis(2));
    assert_eq!(clock.now(), paused);
    pollster::block_on(clock.auto_advance(sleep_on(&clock, SECOND)));
    assert_eq!(clock.now(), paused + SECOND);
}

/// A driver that is idle hears of it when the clock is paused or resumed.
#[test]
fn a_driver_hears_of_pause_and_resume() {
    let clock = VirtualClock::new();
    clock.resume();
    let (tell, started) = mpsc::channel();
    let inside = clock.clone();
    let driver = thread::spawn(move || {
        let task = async {
            tell.send(()).unwrap();
            sleep_on(&inside, 3600 * SECOND).await;
        };
        pollster::block_on(inside.auto_advance(task));
    });
    started.recv().unwrap();
    clock.pause();
    driver.join().unwrap();
}

/// The tasks of an executor that runs inside are all that count.
#[test]
fn an_executor_may_run_in_it() {
    let clock = VirtualClock::new();
    let start = clock.now();
    let _entered = clock.enter();
    let executor = smol::LocalExecutor::new();
    let tasks: Vec<_> = (1..=10).map(|n| executor.spawn(sleep(n * 60 * SECOND))).collect();
    pollster::block_on(clock.auto_advance(executor.run(async {
        for task in tasks {
            task.await;
        }
    })));
    assert_eq!(clock.now(), start + 600 * SECOND);
}

/// A driver that moves to another task is woken there.
#[test]
fn the_outer_waker_may_change() {
    let clock = VirtualClock::new();
    let permits = Semaphore::new(0);
    let mut idle = pin!(clock.auto_advance(permits.acquire()));
    let (old, new) = (Watched::new(), Watched::new());
    assert!(old.poll(idle.as_mut()).is_pending());
    assert!(new.poll(idle.as_mut()).is_pending());
    permits.add_permits(1);
    assert_eq!((old.woken(), new.woken()), (0, 1));
    assert!(new.poll(idle.as_mut()).is_ready());
}

/// A waker that panics is the caller's to hear of, and what comes later is woken by the next turn.
#[test]
fn a_panicking_waker_ends_the_turn_and_no_more() {
    let clock = VirtualClock::new();
    let panicking = Meddler::waker(|| panic!("on purpose"), || ());
    let watched = Watched::new();
    let mut first = pin!(sleep_on(&clock, SECOND));
    let mut second = pin!(sleep_on(&clock, 2 * SECOND));
    assert!(first.as_mut().poll_with(&panicking).is_pending());
    assert!(watched.poll(second.as_mut()).is_pending());
    assert!(panics(|| clock.advance(3 * SECOND)));
    clock.advance(SECOND);
    assert_eq!(watched.woken(), 1);
    assert!(poll(first).is_ready());
    assert!(format!("{clock:?}").starts_with("VirtualClock { now: "));
}
