//! A free mutex with a deadline that is far.

use std::{future::pending, hint::black_box};

use futures::future::{Either, select};
use selvedge_benches::{Group, Run, at_once, timed};
use selvedge_sync::{DeadlineExt, Mutex};

pub(crate) fn groups() -> Vec<Group> {
    let ours: Run = {
        let mutex = Mutex::new(());
        Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    let wait = black_box(&mutex).lock().until(pending::<()>());
                    let _ = black_box(at_once(wait));
                }
            })
        })
    };
    let selected: Run = {
        let mutex = Mutex::new(());
        Box::new(move |n| {
            timed(|| {
                for _ in 0..n {
                    let wait = std::pin::pin!(black_box(&mutex).lock());
                    match at_once(select(wait, pending::<()>())) {
                        Either::Left((guard, _)) => drop(black_box(guard)),
                        Either::Right(_) => {}
                    }
                }
            })
        })
    };
    vec![Group {
        name: "deadline/free".into(),
        contestants: vec![("selvedge", ours), ("futures select", selected)],
    }]
}
