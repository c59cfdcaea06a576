//! Waiting for the first that succeeds.

use std::future::{pending, ready};

use selvedge::context::race_ok;

use crate::{handle::Drops, harness::ready as now, scope::finish};

#[test]
fn race_ok_takes_the_first_success() {
    let outcome = |n: u8| ready(if n > 9 { Ok(n) } else { Err(n) });
    assert_eq!(finish(race_ok([1, 12, 11].map(outcome))), Ok(12));
    assert_eq!(finish(race_ok([3, 1, 2].map(outcome))), Err(vec![3, 1, 2]));
    assert_eq!(finish(race_ok([].map(outcome))), Err(vec![]));
    for children in [16, 17, 65] {
        let last = children - 1;
        let all = (0..children).map(|at| ready(if at == last { Ok(at) } else { Err(at) }));
        assert_eq!(finish(race_ok(all)), Ok(last));
        let all = (0..children).map(|at| ready(Err::<(), _>(at)));
        assert_eq!(finish(race_ok(all)), Err((0..children).collect()));
    }
}

/// The others, and the errors that are there, go before the output is seen.
#[test]
fn a_success_drops_the_others() {
    for children in [3, 16, 17] {
        let drops = Drops::default();
        let mut race = Box::pin(race_ok((0..children).map(|at| {
            let guard = drops.guard();
            async move {
                match at {
                    0 => Err(guard),
                    2 => Ok(()),
                    _ => {
                        let _guard = guard;
                        pending().await
                    }
                }
            }
        })));
        assert!(matches!(now(race.as_mut()), Ok(())));
        assert_eq!(drops.count(), children);
    }
}
