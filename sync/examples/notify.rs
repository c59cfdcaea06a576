//! A queue of one's own: a list, and a `Notify` that says when to look at it.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    thread,
};

use selvedge_sync::Notify;

struct Queue {
    items: Mutex<VecDeque<u32>>,
    filled: Notify,
}

static QUEUE: Queue = Queue { items: Mutex::new(VecDeque::new()), filled: Notify::new() };

impl Queue {
    fn put(&self, item: u32) {
        self.items.lock().unwrap_or_else(PoisonError::into_inner).push_back(item);
        self.filled.notify_one();
    }

    async fn take(&self) -> u32 {
        loop {
            // Made before the look, so that what comes in between is not missed.
            let filled = self.filled.notified();
            if let Some(item) =
                self.items.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
            {
                return item;
            }
            filled.await;
        }
    }
}

fn main() {
    let taker =
        thread::spawn(|| pollster::block_on(async { QUEUE.take().await + QUEUE.take().await }));
    QUEUE.put(40);
    QUEUE.put(2);
    let sum = taker.join().expect("a taker has no reason to panic");
    println!("together {sum}");
    assert_eq!(sum, 42);
}
