//! A hook that is told of each call, on a clock that costs little; there is no peer.

use std::{cell::Cell, hint::black_box, time::Duration};

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::decorate::{Event, Quanta, op};

use super::{double, group};

fn instrument() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        let all = Cell::new(Duration::ZERO);
        let hook = |event| {
            if let Event::Done(took) = event {
                all.set(all.get() + took);
            }
        };
        let told = op(double).with_time(Quanta::new()).instrument(hook);
        let took = timed(|| {
            for at in 0..n {
                assert_eq!(black_box(at_once(black_box(&told).call(at))), Ok(2 * at));
            }
        });
        black_box(all.get());
        took
    });
    vec![("selvedge", ours)]
}

pub(crate) fn groups() -> Vec<Group> {
    Vec::from([group("instrument", instrument())])
}
