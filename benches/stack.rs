//! The exit stack: ten exits, last in, first out. No peer has one; the floor is a vector of boxes.

use std::{future::Future, hint::black_box, pin::Pin};

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_context::{Reaper, Stack};

pub(crate) fn groups() -> Vec<Group> {
    let ours: Run = Box::new(|n| {
        let reaper = Reaper::new();
        timed(|| {
            for _ in 0..n.div_ceil(10) {
                let mut stack = Stack::<String, _>::new(&reaper);
                for at in 0..10 {
                    stack.defer(move || async move {
                        black_box(at);
                        Ok(())
                    });
                }
                at_once(stack.close()).expect("no exit fails");
            }
        })
    });
    let by_hand: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n.div_ceil(10) {
                let mut exits = Vec::<Pin<Box<dyn Future<Output = ()> + Send>>>::new();
                for at in 0..10 {
                    exits.push(Box::pin(async move { assert!(black_box(at) < 10) }));
                }
                while let Some(exit) = exits.pop() {
                    at_once(exit);
                }
            }
        })
    });
    let contestants = vec![("selvedge", ours), ("boxes floor*", by_hand)];
    vec![Group { name: "stack/close".into(), contestants }]
}
