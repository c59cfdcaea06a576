//! A breaker that is closed.

use std::hint::black_box;

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::decorate::{Breaker, op};

use super::{double, group};

fn breaker() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        static BREAKER: Breaker = Breaker::new(100);
        let guarded = op(double).breaker(&BREAKER);
        timed(|| {
            for at in 0..n {
                assert_eq!(black_box(at_once(black_box(&guarded).call(at))), Ok(2 * at));
            }
        })
    });
    let failsafe: Run = Box::new(|n| {
        use failsafe::futures::CircuitBreaker;
        let breaker = failsafe::Config::new().build();
        timed(|| {
            for at in 0..n {
                let call = black_box(&breaker).call(double(at));
                assert_eq!(black_box(at_once(call)).ok(), Some(2 * at));
            }
        })
    });
    vec![("selvedge", ours), ("failsafe", failsafe)]
}

pub(crate) fn groups() -> Vec<Group> {
    Vec::from([group("breaker", breaker())])
}
