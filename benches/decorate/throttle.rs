//! A call that finds no window; there is no peer that has a caller for each call.

use std::{hint::black_box, time::Duration};

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::decorate::{Quanta, Throttle, op};

use super::{double, group};

fn throttle() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        static EDGE: Throttle = Throttle::new(Duration::ZERO);
        let throttled = op(double).with_time(Quanta::new()).throttle(&EDGE);
        timed(|| {
            for at in 0..n {
                assert_eq!(black_box(at_once(black_box(&throttled).call(at))), Ok(2 * at));
            }
        })
    });
    vec![("selvedge", ours)]
}

pub(crate) fn groups() -> Vec<Group> {
    Vec::from([group("throttle", throttle())])
}
