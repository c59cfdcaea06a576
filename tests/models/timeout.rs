//! What must hold of timeouts in every interleaving.

use std::{
    future::{Future, pending},
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
};

use selvedge::{
    model::Check,
    sync::Semaphore,
    time::{Duration, Elapsed, sleep_on, timeout_at_on, timeout_on},
};

use crate::{
    runner::{block_on, check, spawn},
    sleep::run,
};

/// A permit that races with the deadline is either had or still there.
///
/// Red when: mutant "a timeout looks at the clock first", mutant "no re-grant on cancel".
#[test]
fn a_permit_that_comes_at_the_deadline_is_not_lost() {
    check(2, || {
        let driver = run(1);
        let semaphore = Arc::new(Semaphore::new(0));
        let giver = spawn({
            let semaphore = semaphore.clone();
            move || semaphore.add_permits(1)
        });
        let limited = timeout_at_on(&driver.timer, driver.at(1), semaphore.acquire());
        let had = block_on(limited).map(|permit| permit.unwrap().forget());
        giver.join().unwrap();
        assert_eq!(semaphore.available_permits(), usize::from(had == Err(Elapsed)));

        // There before the deadline was looked at, so it wins though that has passed.
        semaphore.add_permits(1);
        let mut late = pin!(timeout_at_on(driver.timer.clone(), driver.start, semaphore.acquire()));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(matches!(late.as_mut().poll(cx), Poll::Ready(Ok(_))));
        driver.stop();
    });
}

/// The time comes though nothing else wakes the task, and the inner timeout's before the outer's.
///
/// Red when: mutant "an earlier alarm wakes nobody".
#[test]
fn the_time_comes() {
    check(2, || {
        let driver = run(2);
        let inner = timeout_at_on(&driver.timer, driver.at(1), pending::<()>());
        let outer = timeout_at_on(&driver.timer, driver.at(2), async {
            assert_eq!(inner.await, Err(Elapsed));
            pending::<()>().await;
        });
        assert_eq!(block_on(outer), Err(Elapsed));
        assert_eq!(driver.now(), 2);
        driver.stop();
    });
}

/// A design of a user's that takes its time from the design's clock: any timer that is due may fire
/// at any moment, so each of both ends is seen, and no other.
///
/// Red when: mutant "no re-grant on cancel", or the clock fires what is never due.
#[test]
fn a_design_has_its_time_from_its_clock() {
    let report = Check::new().preemptions(2).run(|design| {
        let (clock, outcome) = (design.clock(), design.outcome());
        let semaphore = Arc::new(Semaphore::new(0));
        let had = Arc::new(Mutex::new(false));
        let milli = Duration::from_millis(1);
        design.task("giver", {
            let (clock, semaphore) = (clock.clone(), semaphore.clone());
            async move {
                sleep_on(clock, milli).await;
                semaphore.add_permits(1);
            }
        });
        design.task("waiter", {
            let (semaphore, had) = (semaphore.clone(), had.clone());
            async move {
                let limited = timeout_on(clock.clone(), milli, semaphore.acquire());
                match limited.await {
                    Ok(permit) => {
                        permit.unwrap().forget();
                        *had.lock().unwrap() = true;
                        outcome("had".into());
                    }
                    Err(Elapsed) => outcome("late".into()),
                }
                // Time does not go on to what never comes.
                let never = sleep_on(clock.clone(), Duration::MAX);
                assert_eq!(timeout_on(clock, milli, never).await, Err(Elapsed));
            }
        });
        design.after(move || {
            let left = usize::from(!*had.lock().unwrap());
            assert_eq!(semaphore.available_permits(), left);
        });
    });
    let outcomes: Vec<_> = report.outcomes.iter().map(String::as_str).collect();
    assert_eq!(outcomes, ["had", "late"]);
    report.unwrap();
}
