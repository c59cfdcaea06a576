//! Functions that run elsewhere.

use std::{
    cell::RefCell,
    pin::pin,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    thread,
};

use futures_lite::future::block_on;
use selvedge::{
    context::{JoinError, Offload, OffloadJob, Stop, cpu, join_all, offload_to, to_thread},
    sync::Semaphore,
};

use crate::{
    handle::Drops,
    harness::{Meddler, PollWith, Watched, allocations, panics, poll, ready as now},
    sweep::Report,
};

/// A pool that is a list: its jobs run when told to.
type List<J> = Rc<RefCell<Vec<J>>>;

#[test]
fn outputs_come_back() {
    assert_eq!(block_on(to_thread(|_| 6 * 7)).unwrap(), 42);
    assert_eq!(block_on(cpu(|_| 6 * 7)).unwrap(), 42);
    let here = thread::current().id();
    assert!(block_on(to_thread(move |_| thread::current().id() != here)).unwrap());
    let squares = join_all((0..100_u32).map(|n| cpu(move |_| n * n)));
    let sum: u32 = block_on(squares).into_iter().map(Result::unwrap).sum();
    assert_eq!(sum, 328_350);
}

#[test]
fn panics_come_back() {
    let torn = |_: &Stop<'_>| -> u8 { panic!("torn") };
    for error in [block_on(to_thread(torn)), block_on(cpu(torn))] {
        assert_eq!(error.unwrap_err().to_string(), "the task panicked: torn");
    }
}

#[test]
fn it_starts_when_it_is_polled() {
    let pool = List::default();
    let jobs = pool.clone();
    let mut offload = pin!(offload_to(|job| jobs.borrow_mut().push(job), |_| 7));
    assert_eq!(pool.borrow().len(), 0);
    let watched = Watched::new();
    assert!(watched.poll(offload.as_mut()).is_pending());
    assert!(watched.poll(offload.as_mut()).is_pending());
    let job = pool.borrow_mut().pop().unwrap();
    job.run();
    assert_eq!(watched.woken(), 1);
    assert_eq!(now(offload.as_mut()).unwrap(), 7);
}

/// Dropping it abandons the function, which can see that; what it returns is dropped.
#[test]
fn a_function_that_is_abandoned() {
    let drops = Drops::default();
    let pool = List::default();
    let (jobs, guard) = (pool.clone(), drops.guard());
    let stopped = Rc::new(AtomicBool::new(false));
    let seen = stopped.clone();
    let mut offload = Box::pin(offload_to(
        |job| jobs.borrow_mut().push(job),
        move |stop: &Stop<'_>| {
            seen.store(stop.is_stopped(), SeqCst);
            guard
        },
    ));
    assert!(poll(offload.as_mut()).is_pending());
    drop(offload);
    assert_eq!(drops.count(), 0);
    let job = pool.borrow_mut().pop().unwrap();
    job.run();
    assert!(stopped.load(SeqCst));
    assert_eq!(drops.count(), 1);
}

/// Or one asks it to stop, and waits.
#[test]
fn a_function_that_is_waited_for() {
    let (started, begins) = mpsc::channel();
    let mut offload = pin!(to_thread(move |stop| {
        started.send(()).unwrap();
        let mut rounds = 0_u64;
        while !stop.is_stopped() {
            rounds += 1;
            thread::yield_now();
        }
        rounds
    }));
    assert!(poll(offload.as_mut()).is_pending());
    begins.recv().unwrap();
    offload.stop();
    block_on(offload).unwrap();
    // One that has not begun does not.
    let mut idle = pin!(to_thread(|_| panic!("it runs")));
    idle.stop();
    assert!(now(idle).unwrap_err().is_aborted());
}

#[test]
fn a_pool_that_drops_the_job() {
    let drops = Drops::default();
    let guard = drops.guard();
    let mut offload = pin!(offload_to(drop, move |_| drop(guard)));
    assert!(matches!(now(offload.as_mut()), Err(JoinError::Lost)));
    assert_eq!(drops.count(), 1);
}

/// The permit comes back when the function has ended, abandoned or not.
#[test]
fn a_limiter_counts_what_really_runs() {
    let limiter = Arc::new(Semaphore::new(1));
    let pool = List::default();
    let offload = |output: u8| {
        let jobs = pool.clone();
        offload_to(move |job| jobs.borrow_mut().push(job), move |_| output).limit(limiter.clone())
    };
    let (mut first, mut second) = (Box::pin(offload(1)), Box::pin(offload(2)));
    let watched = Watched::new();
    assert!(watched.poll(first.as_mut()).is_pending());
    assert!(watched.poll(second.as_mut()).is_pending());
    assert_eq!((pool.borrow().len(), limiter.available_permits()), (1, 0));
    drop(first);
    assert_eq!((limiter.available_permits(), watched.woken()), (0, 0), "it runs still");
    let job = pool.borrow_mut().pop().unwrap();
    job.run();
    assert_eq!(watched.woken(), 1);
    assert!(watched.poll(second.as_mut()).is_pending());
    let job = pool.borrow_mut().pop().unwrap();
    job.run();
    assert_eq!(now(second.as_mut()).unwrap(), 2);
    assert_eq!(limiter.available_permits(), 1);

    // Cancelled in line: the place is given up, and the function never runs.
    let held = limiter.try_acquire().unwrap();
    let mut third = Box::pin(offload(3));
    assert!(poll(third.as_mut()).is_pending());
    assert_eq!(limiter.waiters(), 1);
    drop(third);
    assert_eq!((limiter.waiters(), pool.borrow().len()), (0, 0));
    drop(held);
    limiter.close();
    assert!(matches!(now(Box::pin(offload(4)).as_mut()), Err(JoinError::Lost)));
}

#[test]
fn a_waker_that_panics_is_not_the_pools_business_alone() {
    let pool = List::default();
    let jobs = pool.clone();
    let mut offload = pin!(offload_to(|job| jobs.borrow_mut().push(job), |_| 7));
    let waker = crate::harness::Meddler::waker(|| panic!("on purpose"), || ());
    assert!(offload.as_mut().poll_with(&waker).is_pending());
    let job = pool.borrow_mut().pop().unwrap();
    assert!(panics(|| job.run()));
    assert_eq!(now(offload.as_mut()).unwrap(), 7);
}

/// A function without a name of its own is a nameable future.
#[test]
fn the_future_has_a_name() {
    fn answer(_: &Stop<'_>) -> u8 {
        42
    }
    type Answer = for<'a, 'b> fn(&'a Stop<'b>) -> u8;
    type Pool = fn(OffloadJob<Answer, u8>);
    struct Holds(Offload<Answer, u8, Pool>);
    let holds = Holds(offload_to(|job| job.run(), answer as Answer));
    assert_eq!(block_on(holds.0).unwrap(), 42);
}

/// What comes back when the limiter is closed, the pool, or nobody waits any more.
fn given_back_after_close() -> usize {
    let mut cases = 0;
    for (waits, runs) in [(false, false), (false, true), (true, false), (true, true)] {
        let limiter = Arc::new(Semaphore::new(1));
        let (pool, drops) = (List::default(), Drops::default());
        let offload = || {
            let (jobs, guard) = (pool.clone(), drops.guard());
            let offload = offload_to(move |job| jobs.borrow_mut().push(job), move |_| guard);
            Box::pin(offload.limit(limiter.clone()))
        };
        let mut first = Some(offload());
        let mut line = [offload(), offload()];
        let watched = Watched::new();
        assert!(watched.poll(first.as_mut().unwrap().as_mut()).is_pending());
        for offload in &mut line {
            assert!(watched.poll(offload.as_mut()).is_pending());
        }
        limiter.close();
        assert_eq!(watched.woken(), 2, "those in line are sent away");
        if !waits {
            drop(first.take());
        }
        let job = pool.borrow_mut().pop().unwrap();
        assert!(pool.borrow().is_empty(), "the others never came");
        if runs {
            job.run();
        } else {
            drop(job);
        }
        assert_eq!(limiter.available_permits(), 1);
        if let Some(mut first) = first {
            assert_eq!(watched.woken(), 3);
            assert_eq!(now(first.as_mut()).is_ok(), runs);
        }
        for mut offload in line {
            assert!(matches!(now(offload.as_mut()), Err(JoinError::Lost)));
        }
        assert!(
            matches!(now(offload().as_mut()), Err(JoinError::Lost)),
            "nor does one that comes later"
        );
        assert_eq!((watched.kept(), drops.count()), (0, 4));
        cases += 1;
    }
    cases
}

/// Both halves are dropped after each number of polls, in each order, here and on two threads.
pub(crate) fn sweep(report: Report<'_>) {
    let mut cases = 0;
    for polls in 0..4 {
        for ends in 0..3 {
            for limited in [false, true] {
                let (watched, drops) = (Watched::new(), Drops::default());
                let (limiter, pool) = (Arc::new(Semaphore::new(1)), List::default());
                let (jobs, guard) = (pool.clone(), drops.guard());
                let offload = offload_to(|job| jobs.borrow_mut().push(job), move |_| drop(guard));
                let offload = if limited { offload.limit(limiter.clone()) } else { offload };
                let mut offload = Some(Box::pin(offload));
                for _ in 0..polls {
                    let offload = offload.as_mut().unwrap();
                    assert!(watched.poll(offload.as_mut()).is_pending());
                }
                let job = pool.borrow_mut().pop();
                match (ends, job) {
                    (0, Some(job)) => job.run(),
                    (1, job) => drop(job),
                    (_, job) => {
                        drop(offload.take());
                        job.into_iter().for_each(OffloadJob::run);
                    }
                }
                drop(offload);
                assert_eq!((watched.kept(), limiter.available_permits()), (0, 1));
                assert_eq!(drops.count(), 1);
                cases += 1;
            }
        }
    }
    report("offload", "1 cancel at every poll", cases);
    // Who waits goes while the function ends.
    const ROUNDS: usize = 300;
    let drops = Drops::default();
    for _ in 0..ROUNDS {
        let (pool, guard) = (List::default(), drops.guard());
        let jobs = pool.clone();
        let mut offload = Box::pin(offload_to(
            |job| jobs.borrow_mut().push(job),
            move |_| {
                let _guard = guard;
            },
        ));
        assert!(poll(offload.as_mut()).is_pending());
        let job = pool.borrow_mut().pop().unwrap();
        let worker = thread::spawn(move || job.run());
        drop(offload);
        worker.join().unwrap();
    }
    assert_eq!(drops.count(), ROUNDS);
    report("offload", "2 handles dropped in parallel", ROUNDS);

    report("offload", "3 given back after close", given_back_after_close());

    // A waker that panics keeps no output back.
    for meddles in [false, true] {
        let pool = List::default();
        let jobs = pool.clone();
        let mut offload = Box::pin(offload_to(|job| jobs.borrow_mut().push(job), |_| 7));
        let waker = Meddler::waker(move || assert!(!meddles, "on purpose"), || ());
        assert!(offload.as_mut().poll_with(&waker).is_pending());
        let job = pool.borrow_mut().pop().unwrap();
        assert_eq!(panics(|| job.run()), meddles);
        assert_eq!(now(offload.as_mut()).unwrap(), 7);
    }
    report("offload", "4 wakers that re-enter, panic", 2);

    let pool = List::default();
    let jobs = pool.clone();
    let mut offload = Box::pin(offload_to(|job| jobs.borrow_mut().push(job), |_| 7));
    let watched = Watched::new();
    assert!(watched.poll(offload.as_mut()).is_pending());
    let count = allocations(|| {
        for _ in 0..1000 {
            assert!(watched.poll(offload.as_mut()).is_pending());
        }
    });
    assert_eq!((count, watched.kept(), watched.woken()), (0, 1, 0));
    pool.borrow_mut().pop().into_iter().for_each(OffloadJob::run);
    assert_eq!(now(offload.as_mut()).unwrap(), 7);
    report("offload", "6 nothing grows", 1000);
}
