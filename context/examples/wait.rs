//! Whatever is there by the deadline is used, and the rest goes on.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use selvedge_context::{Threads, Until, spawn_on, wait};
use selvedge_sync::Semaphore;

fn main() {
    pollster::block_on(async {
        let gate = Arc::new(Semaphore::new(0));
        let slow = gate.clone();
        let tasks = [
            spawn_on(&Threads, async { "warp" }),
            spawn_on(&Threads, async move {
                slow.acquire().await.expect("it is open").forget();
                "weft"
            }),
        ];
        let waited = wait(tasks, Until::All).by(Instant::now() + Duration::from_millis(100)).await;
        assert!(matches!(waited.done[..], [(0, Ok("warp"))]));
        println!("{} is late", waited.pending.len());

        gate.add_permits(1);
        let late = waited.pending.into_iter().map(|(_, task)| task);
        let waited = wait(late, Until::FirstCompleted).await;
        assert!(matches!(waited.done[..], [(0, Ok("weft"))]));
    });
}
