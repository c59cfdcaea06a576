//! Any wait ends when the shutdown begins.

use std::thread;

use selvedge_sync::{DeadlineExt, Expired, Latch, Mutex};

static SHUTDOWN: Latch = Latch::new(1);
static TABLE: Mutex<u32> = Mutex::new(0);

fn main() {
    let held = TABLE.try_lock().expect("nobody else has it");
    let waiting = thread::spawn(|| {
        pollster::block_on(async { TABLE.lock().until(SHUTDOWN.wait()).await.map(|value| *value) })
    });
    SHUTDOWN.count_down();
    assert_eq!(waiting.join().expect("no panic"), Err(Expired));
    drop(held);
    assert!(TABLE.try_lock().is_ok(), "the wait left nothing behind");
}
