//! A server's end: no new requests, and a wait for those that run.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use selvedge_context::TaskTracker;

/// Any executor will do; here it is a thread a task.
fn spawn<F: Future<Output = ()> + Send + 'static>(task: F) {
    thread::spawn(move || pollster::block_on(task));
}

fn main() {
    let (tracker, served) = (TaskTracker::new(), Arc::new(AtomicUsize::new(0)));
    for request in 0..10 {
        let served = served.clone();
        let answer = async move {
            println!("request {request}");
            served.fetch_add(1, Relaxed);
        };
        tracker.spawn_on(answer, spawn);
    }
    tracker.close();
    pollster::block_on(tracker.wait());
    assert_eq!(served.load(Relaxed), 10);
}
