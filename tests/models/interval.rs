//! What must hold of an interval in every interleaving.

use std::time::Duration;

use selvedge::time::interval_at_on;

use crate::{
    runner::{block_on, check, poll_and_cancel},
    sleep::run,
};

/// A tick that is given up is there for the next call, in whichever task that is.
///
/// Red when: mutant "a sleep keeps its first waker", mutant "an earlier alarm wakes nobody".
#[test]
fn a_tick_that_is_given_up_is_not_lost() {
    check(2, || {
        let driver = run(2);
        let mut beat = interval_at_on(&driver.timer, driver.at(1), Duration::from_secs(1));
        let first = match poll_and_cancel(beat.tick()) {
            Some(tick) => tick,
            None => block_on(beat.tick()),
        };
        assert_eq!(first, driver.at(1));
        assert_eq!(block_on(beat.tick()), driver.at(2));
        drop(beat);
        driver.stop();
    });
}
