//! Something that must happen once, before anybody goes on.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
};

use selvedge_sync::Once;

static SETUP: Once = Once::new();
static RUNS: AtomicU32 = AtomicU32::new(0);

async fn set_up() {
    RUNS.fetch_add(1, Relaxed);
}

fn main() {
    let threads: Vec<_> = (0..4)
        .map(|_| {
            thread::spawn(|| {
                pollster::block_on(SETUP.call_once(set_up));
                assert_eq!(RUNS.load(Relaxed), 1);
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert!(SETUP.is_completed());
}
