//! A map of values made once: one that is there, and one that is made and removed.

use std::hint::black_box;

use selvedge_benches::{Group, Run, at_once, timed};

pub(crate) fn groups() -> Vec<Group> {
    let ours: Run = {
        let map = selvedge_sync::OnceMap::<u64, u64>::new();
        Box::new(move |n| {
            timed(|| {
                for key in 0..n {
                    black_box(at_once(black_box(&map).compute(key % 100, || async { 7 })));
                }
            })
        })
    };
    let mea: Run = {
        let map = mea::once::OnceMap::<u64, u64>::new();
        Box::new(move |n| {
            timed(|| {
                for key in 0..n {
                    black_box(at_once(black_box(&map).compute(key % 100, async || 7)));
                }
            })
        })
    };
    let ours_anew: Run = {
        let map = selvedge_sync::OnceMap::<u64, u64>::new();
        Box::new(move |n| {
            timed(|| {
                for key in 0..n {
                    black_box(at_once(black_box(&map).compute(key, || async { 7 })));
                    map.discard(&key);
                }
            })
        })
    };
    let mea_anew: Run = {
        let map = mea::once::OnceMap::<u64, u64>::new();
        Box::new(move |n| {
            timed(|| {
                for key in 0..n {
                    black_box(at_once(black_box(&map).compute(key, async || 7)));
                    map.discard(&key);
                }
            })
        })
    };
    vec![
        Group {
            name: "once_map/there".into(),
            contestants: vec![("selvedge", ours), ("mea", mea)],
        },
        Group {
            name: "once_map/anew".into(),
            contestants: vec![("selvedge", ours_anew), ("mea", mea_anew)],
        },
    ]
}
