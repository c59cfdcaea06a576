//! A lazy value, when it is made.

use std::hint::black_box;

use selvedge_benches::{Group, Run, at_once, timed};

pub(crate) fn groups() -> Vec<Group> {
    let ours: Run = {
        let lazy = selvedge_sync::Lazy::<u64>::new(|| Box::pin(async { 7 }));
        at_once(lazy.force());
        Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    black_box(at_once(black_box(&lazy).force()));
                }
            })
        })
    };
    // What others have in its place: a cell that is asked with an initialiser.
    let tokio: Run = {
        let cell = tokio::sync::OnceCell::from(7_u64);
        Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    black_box(at_once(black_box(&cell).get_or_init(|| async { 7 })));
                }
            })
        })
    };
    vec![Group {
        name: "lazy/made".into(),
        contestants: vec![("selvedge", ours), ("tokio OnceCell", tokio)],
    }]
}
