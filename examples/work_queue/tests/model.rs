//! The shutdown of the queue, checked.
//!
//! ```sh
//! cargo test -p work_queue                                            # stress, on threads
//! RUSTFLAGS="--cfg selvedge_loom" cargo test --release -p work_queue  # every schedule
//! RUSTFLAGS="--cfg selvedge_loom" cargo test --release -p work_queue --features bug
//! ```

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use selvedge::model::{Check, Report};
use work_queue::WorkQueue;

/// Two workers and whoever shuts down: each job that was taken on is done once.
fn check() -> Report {
    Check::new().named("work queue").run(|d| {
        let queue = Arc::new(WorkQueue::new());
        // Counted, not watched: the models look at the queue.
        let done = Arc::new(AtomicUsize::new(0));
        for name in ["first worker", "second worker"] {
            let (queue, done) = (queue.clone(), done.clone());
            d.task(name, async move {
                while let Some(job) = queue.next().await {
                    drop(job);
                    done.fetch_add(1, Relaxed);
                }
            });
        }
        let jobs = d.choose(3);
        for number in 0..jobs {
            let job = d.token(format!("job {number}"));
            assert!(queue.push(job).is_ok());
        }
        d.thread("manager", move || queue.shutdown());
        d.after(move || assert_eq!(done.load(Relaxed), jobs));
    })
}

#[cfg(not(feature = "bug"))]
#[test]
fn every_worker_goes_home_and_no_job_is_left() {
    println!("{}", check().unwrap());
}

#[cfg(all(feature = "bug", selvedge_loom))]
#[test]
fn the_check_finds_the_seeded_bug() {
    let report = check();
    println!("{report}");
    assert!(report.seconds < 10.0, "{report}");
    let verdict = report.timeline.as_ref().expect("it failed").verdict().join(" ");
    assert!(verdict.contains("worker sleeps for ever from step"), "{report}");
}
