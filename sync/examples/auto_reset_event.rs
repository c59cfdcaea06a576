//! A worker that looks at its list whenever somebody says that there is something on it.

use std::{
    sync::{Mutex, PoisonError},
    thread,
};

use selvedge_sync::AutoResetEvent;

static LIST: Mutex<Vec<u32>> = Mutex::new(Vec::new());
static CHANGED: AutoResetEvent = AutoResetEvent::new(false);

fn main() {
    let worker = thread::spawn(|| {
        let mut sum = 0;
        while sum < 6 {
            pollster::block_on(CHANGED.wait());
            // Several signals may be one, so the whole list is taken.
            sum += LIST.lock().unwrap_or_else(PoisonError::into_inner).drain(..).sum::<u32>();
        }
        sum
    });
    for item in 1..=3 {
        LIST.lock().unwrap_or_else(PoisonError::into_inner).push(item);
        CHANGED.set();
    }
    let sum = worker.join().expect("a worker has no reason to panic");
    println!("together {sum}");
    assert_eq!(sum, 6);
}
