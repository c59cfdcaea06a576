//! A selection over two channels that have something each time.

use std::hint::black_box;

use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_channel::{mpmc, mpsc, select::Select};

fn ours() -> Run {
    let (one, first) = mpmc::bounded::<u64>(100);
    let (two, mut second) = mpsc::channel::<u64>(100);
    Box::new(move |n| {
        timed(|| {
            let mut select = Select::new();
            for value in 0..n {
                let _ = (one.try_send(value), two.try_send(value));
                let _ = black_box(at_once(select.next((first.recv(), second.recv()))));
                let _ = black_box(at_once(select.next((first.recv(), second.recv()))));
            }
        })
    })
}

/// Picks its first arm by chance.
fn tokio() -> Run {
    let (one, mut first) = tokio::sync::mpsc::channel::<u64>(100);
    let (two, mut second) = tokio::sync::mpsc::channel::<u64>(100);
    Box::new(move |n| {
        timed(|| {
            for value in 0..n {
                let _ = (one.try_send(value), two.try_send(value));
                for _ in 0..2 {
                    let next = async {
                        tokio::select! {
                            one = first.recv() => one,
                            two = second.recv() => two,
                        }
                    };
                    black_box(at_once(next));
                }
            }
        })
    })
}

/// Always asks the first arm first.
fn futures_biased() -> Run {
    let (one, first) = async_channel::bounded::<u64>(100);
    let (two, second) = async_channel::bounded::<u64>(100);
    Box::new(move |n| {
        timed(|| {
            for value in 0..n {
                let _ = (one.try_send(value), two.try_send(value));
                for _ in 0..2 {
                    let arms = (std::pin::pin!(first.recv()), std::pin::pin!(second.recv()));
                    let won = at_once(futures::future::select(arms.0, arms.1));
                    let _ = black_box(won.factor_first().0);
                }
            }
        })
    })
}

pub(crate) fn groups() -> Vec<Group> {
    vec![Group {
        name: "select/two_ready".into(),
        contestants: vec![
            ("selvedge", ours()),
            ("tokio", tokio()),
            ("async-channel*", futures_biased()),
        ],
    }]
}
