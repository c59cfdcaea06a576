//! A completion: made, awaited by one, and written.

use std::hint::black_box;

use futures::future::FutureExt;
use selvedge_benches::{Group, Run, at_once, timed};

pub(crate) fn groups() -> Vec<Group> {
    let ours: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n {
                let (completer, outcome) = selvedge_sync::Completion::new();
                completer.complete(black_box(7_u64));
                let _ = black_box(at_once(outcome.wait()));
            }
        })
    });
    // One observer only.
    let tokio: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n {
                let (sender, receiver) = tokio::sync::oneshot::channel();
                let _ = sender.send(black_box(7_u64));
                let _ = black_box(at_once(receiver));
            }
        })
    });
    // Many observers, as ours: each clones the value.
    let shared: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n {
                let (sender, receiver) = futures::channel::oneshot::channel();
                let receiver = receiver.shared();
                let _ = sender.send(black_box(7_u64));
                let _ = black_box(at_once(receiver));
            }
        })
    });
    vec![Group {
        name: "completion/ready".into(),
        contestants: vec![
            ("selvedge", ours),
            ("futures shared", shared),
            ("tokio oneshot*", tokio),
        ],
    }]
}
