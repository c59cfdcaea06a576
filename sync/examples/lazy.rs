//! A table that is made at its first use, even if the first who asked goes away meanwhile.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Waker},
};

use selvedge_sync::{Lazy, Semaphore};

static GO: Semaphore = Semaphore::new(0);
static SQUARES: Lazy<Vec<u32>> = Lazy::new(|| {
    Box::pin(async {
        let _permit = GO.acquire().await;
        (0..10).map(|n| n * n).collect()
    })
});

fn main() {
    // The first who asks starts it, and gives up.
    let started = pin!(SQUARES.force()).poll(&mut Context::from_waker(Waker::noop()));
    assert!(started.is_pending());
    GO.add_permits(1);
    // The next drives it on: it is the same initialiser.
    assert_eq!(pollster::block_on(SQUARES.force())[9], 81);
    assert!(SQUARES.get().is_some());
}
