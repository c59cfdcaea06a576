//! A gate: workers wait until it opens, and again after it was closed.

use std::thread;

use selvedge_sync::Event;

static GATE: Event = Event::new(false);

fn main() {
    let workers: Vec<_> = (0..3)
        .map(|who| {
            thread::spawn(move || {
                pollster::block_on(GATE.wait());
                println!("{who} is through");
                who
            })
        })
        .collect();
    GATE.set();
    let sum: i32 = workers.into_iter().map(|worker| worker.join().expect("it only waits")).sum();
    assert_eq!(sum, 3);

    GATE.clear();
    assert!(!GATE.is_set());
}
