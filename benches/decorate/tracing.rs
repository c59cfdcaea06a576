//! A call in a span that nobody is interested in, which is what most calls are in.

use std::hint::black_box;

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::decorate::{Quanta, op};
use tracing::{Instrument, debug_span};

use super::{double, group};

fn tracing() -> Vec<(&'static str, Run)> {
    let ours: Run = Box::new(|n| {
        let traced = op(double).with_time(Quanta::new()).traced(|| debug_span!("double"));
        timed(|| {
            for at in 0..n {
                assert_eq!(black_box(at_once(black_box(&traced).call(at))), Ok(2 * at));
            }
        })
    });
    // A span, and no word of how or after how long the call ended.
    let span: Run = Box::new(|n| {
        timed(|| {
            for at in 0..n {
                let call = double(black_box(at)).instrument(debug_span!("double"));
                assert_eq!(black_box(at_once(call)), Ok(2 * at));
            }
        })
    });
    vec![("selvedge", ours), ("tracing*", span)]
}

pub(crate) fn groups() -> Vec<Group> {
    Vec::from([group("tracing", tracing())])
}
