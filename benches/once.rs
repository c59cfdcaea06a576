//! Something that is done once, when it is done.

use std::hint::black_box;

use selvedge_benches::{Group, Run, at_once, timed};

pub(crate) fn groups() -> Vec<Group> {
    let ours: Run = {
        let once = selvedge_sync::Once::new();
        at_once(once.call_once(|| async {}));
        Box::new(move |n| {
            timed(|| (0..n).for_each(|_| at_once(black_box(&once).call_once(|| async {}))))
        })
    };
    let mea: Run = {
        let once = mea::once::Once::new();
        at_once(once.call_once(async || {}));
        Box::new(move |n| {
            timed(|| (0..n).for_each(|_| at_once(black_box(&once).call_once(async || {}))))
        })
    };
    vec![Group { name: "once/done".into(), contestants: vec![("selvedge", ours), ("mea", mea)] }]
}
