//! Transfers between accounts: each locks the two that it needs, in order, and no other.

use std::{
    sync::atomic::{AtomicI64, Ordering::Relaxed},
    thread,
};

use selvedge_sync::KeyedMutex;

static LOCKS: KeyedMutex<usize> = KeyedMutex::new();
static ACCOUNTS: [AtomicI64; 3] = [const { AtomicI64::new(100) }; 3];

async fn transfer(from: usize, to: usize, sum: i64) {
    let _first = LOCKS.lock(from.min(to)).await;
    let _second = LOCKS.lock(from.max(to)).await;
    let (paid, got) = (ACCOUNTS[from].load(Relaxed), ACCOUNTS[to].load(Relaxed));
    ACCOUNTS[from].store(paid - sum, Relaxed);
    ACCOUNTS[to].store(got + sum, Relaxed);
}

fn main() {
    let threads = [(0, 1), (1, 2), (2, 0)].map(|(from, to)| {
        thread::spawn(move || (0..100).for_each(|_| pollster::block_on(transfer(from, to, 1))))
    });
    for thread in threads {
        thread.join().expect("no panic");
    }
    assert!(ACCOUNTS.iter().all(|account| account.load(Relaxed) == 100));
    assert!(LOCKS.is_empty(), "nothing is kept of a key that nobody holds");
}
