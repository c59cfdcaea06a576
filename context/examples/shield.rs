//! A transfer of two steps that is never done by half, though its client hangs up between them.

use std::sync::{
    Arc,
    atomic::{AtomicI32, Ordering::Relaxed},
};

use selvedge_context::{CancellationToken, Reaper, shield};

async fn transfer(
    from: Arc<AtomicI32>,
    to: Arc<AtomicI32>,
    client: CancellationToken,
    network: CancellationToken,
) {
    from.fetch_sub(10, Relaxed);
    client.cancel(); // hangs up
    network.cancelled().await; // takes its time
    to.fetch_add(10, Relaxed);
}

fn main() {
    let (reaper, network) = (Reaper::new(), CancellationToken::new());
    let [from, to] = [(); 2].map(|()| Arc::new(AtomicI32::new(100)));
    let client = CancellationToken::new();
    let work = transfer(from.clone(), to.clone(), client.clone(), network.clone());
    let request = client.run_until_cancelled(shield(&reaper, work));
    assert!(pollster::block_on(request).is_none());
    assert_eq!((from.load(Relaxed), to.load(Relaxed)), (90, 100));

    network.cancel();
    let report = pollster::block_on(reaper.drain());
    println!("{report:?}");
    assert_eq!((from.load(Relaxed), to.load(Relaxed)), (90, 110));
}
