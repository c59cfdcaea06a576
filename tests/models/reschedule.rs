//! What must hold of a deadline that is moved, in every interleaving.

use std::future::pending;

use selvedge::time::{Deadline, Elapsed, never};

use crate::{
    runner::{block_on, check, poll_and_cancel, spawn},
    sleep::run,
};

/// A deadline that replaces never while a task is about to wait for it ends the wait.
///
/// Red when: mutant "an earlier deadline wakes nobody", or `look` reads the deadline before it
/// leaves the waker.
#[test]
fn an_earlier_deadline_ends_the_wait() {
    check(3, || {
        let driver = run(1);
        let deadline = Deadline::at_on(driver.timer.clone(), never());
        let mover = spawn({
            let (deadline, at) = (deadline.clone(), driver.at(1));
            move || deadline.reschedule(at)
        });
        assert_eq!(block_on(deadline.limit(pending::<()>())), Err(Elapsed));
        mover.join().unwrap();
        assert_eq!(driver.now(), 1);
        driver.stop();
    });
}

/// A future that leaves while the deadline is moved takes nobody else's wake-up along.
///
/// Red when: mutant "an earlier deadline wakes nobody".
#[test]
fn one_leaves_while_it_is_moved() {
    check(2, || {
        let driver = run(1);
        let deadline = Deadline::at_on(driver.timer.clone(), driver.at(1000));
        let mover = spawn({
            let (deadline, at) = (deadline.clone(), driver.at(1));
            move || deadline.reschedule(at)
        });
        poll_and_cancel(deadline.limit(pending::<()>()));
        assert_eq!(block_on(deadline.limit(pending::<()>())), Err(Elapsed));
        mover.join().unwrap();
        driver.stop();
    });
}
