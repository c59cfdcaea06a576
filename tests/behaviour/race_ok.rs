//! Waiting for the first that succeeds.

use std::future::ready;

use selvedge::context::race_ok;

use crate::scope::finish;

#[test]
fn race_ok_takes_the_first_success() {
    let outcome = |n: u8| ready(if n > 9 { Ok(n) } else { Err(n) });
    assert_eq!(finish(race_ok([1, 12, 11].map(outcome))), Ok(12));
    assert_eq!(finish(race_ok([3, 1, 2].map(outcome))), Err(vec![3, 1, 2]));
    assert_eq!(finish(race_ok([].map(outcome))), Err(vec![]));
}
