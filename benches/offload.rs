//! A function that runs elsewhere, and its output: there and back.

use pollster::block_on;
use selvedge_benches::{Group, Run, timed};
use selvedge_context::{cpu, join_all, offload_to, to_thread};

fn pooled() -> Group {
    let ours: Run = Box::new(|n| {
        timed(|| {
            block_on(async {
                for _ in 0..n {
                    to_thread(|_| 1).await.expect("it ends");
                }
            });
        })
    });
    let blocking: Run = Box::new(|n| {
        timed(|| {
            block_on(async {
                for _ in 0..n {
                    blocking::unblock(|| 1).await;
                }
            });
        })
    });
    let tokio: Run = Box::new(|n| {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("tokio starts");
        timed(|| {
            runtime.block_on(async {
                for _ in 0..n {
                    tokio::task::spawn_blocking(|| 1).await.expect("it ends");
                }
            });
        })
    });
    Group {
        name: "offload/to_thread".into(),
        contestants: vec![("selvedge", ours), ("blocking", blocking), ("tokio", tokio)],
    }
}

/// A hundred at a time, so that it is not the threads' sleep that is measured.
fn computed() -> Group {
    let ours: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n.div_ceil(100) {
                block_on(join_all((0..100).map(|_| cpu(|_| 1))));
            }
        })
    });
    let rayon: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n.div_ceil(100) {
                let channels = (0..100).map(|_| {
                    let (send, receive) = tokio::sync::oneshot::channel();
                    rayon::spawn(|| send.send(1).expect("somebody waits"));
                    receive
                });
                block_on(futures::future::join_all(channels));
            }
        })
    });
    Group { name: "offload/cpu".into(), contestants: vec![("selvedge", ours), ("rayon", rayon)] }
}

/// Where the function runs at once: what is ours.
fn at_once() -> Group {
    let ours: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n {
                selvedge_benches::at_once(offload_to(|job| job.run(), |_| 1)).expect("it ends");
            }
        })
    });
    let oneshot: Run = Box::new(|n| {
        timed(|| {
            for _ in 0..n {
                let (send, receive) = tokio::sync::oneshot::channel();
                send.send(1).expect("somebody waits");
                selvedge_benches::at_once(receive).expect("it was sent");
            }
        })
    });
    Group {
        name: "offload/at_once".into(),
        contestants: vec![("selvedge", ours), ("tokio's oneshot", oneshot)],
    }
}

pub(crate) fn groups() -> Vec<Group> {
    vec![at_once(), computed(), pooled()]
}
