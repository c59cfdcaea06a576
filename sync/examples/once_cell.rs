//! A connection that is made by the first who needs it, and made anew if that fails.

use std::{
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    thread,
};

use selvedge_sync::OnceCell;

static CONNECTION: OnceCell<String> = OnceCell::new();
static ATTEMPTS: AtomicU32 = AtomicU32::new(0);

async fn connect() -> Result<String, &'static str> {
    match ATTEMPTS.fetch_add(1, Relaxed) {
        0 => Err("refused"),
        _ => Ok("connected".to_owned()),
    }
}

fn main() {
    let tasks: Vec<_> = (0..4)
        .map(|_| thread::spawn(|| pollster::block_on(CONNECTION.get_or_try_init(connect)).is_ok()))
        .collect();
    let results: Vec<_> = tasks.into_iter().map(|task| task.join().expect("no panic")).collect();
    // One attempt failed, and the error went to whoever made it; the second served all others.
    assert_eq!(results.iter().filter(|ok| **ok).count(), 3);
    assert_eq!(ATTEMPTS.load(Relaxed), 2);
    assert_eq!(CONNECTION.get().expect("it is set"), "connected");
}
