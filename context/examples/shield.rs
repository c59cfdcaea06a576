//! A transfer of two steps that is never done by half, though its caller gives up between them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use selvedge_context::{CancellationToken, Reaper, shield};

async fn transfer(from: Arc<AtomicI32>, to: Arc<AtomicI32>, network: CancellationToken) {
    from.fetch_sub(10, Relaxed);
    network.cancelled().await; // takes its time
    to.fetch_add(10, Relaxed);
}

fn main() {
    let (reaper, network) = (Reaper::new(), CancellationToken::new());
    let [from, to] = [(); 2].map(|()| Arc::new(AtomicI32::new(100)));
    let patience = CancellationToken::new().child_until(Instant::now() + Duration::from_millis(2));
    let work = shield(&reaper, transfer(from.clone(), to.clone(), network.clone()));
    assert!(pollster::block_on(patience.run_until_cancelled(work)).is_none());
    assert_eq!((from.load(Relaxed), to.load(Relaxed)), (90, 100));

    network.cancel();
    let report = pollster::block_on(reaper.drain());
    println!("{report:?}");
    assert_eq!((from.load(Relaxed), to.load(Relaxed)), (90, 110));
}
