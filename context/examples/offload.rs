//! A hash over a large text, off the thread that answers: with a limiter, and a way to stop it.

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use selvedge_context::{OffloadJob, Stop, join_all, offload_to};
use selvedge_sync::Semaphore;

/// FNV-1a, a block at a time; `None` if it was stopped.
fn hash(text: &[u8], stop: &Stop<'_>) -> Option<u64> {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for block in text.chunks(4096) {
        if stop.is_stopped() {
            return None;
        }
        for byte in block {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    Some(hash)
}

/// A thread for each job, no more of them than the limiter lets in.
fn on_a_thread<F, T>(job: OffloadJob<F, T>)
where
    F: FnOnce(&Stop<'_>) -> T + Send + 'static,
    T: Send + 'static,
{
    thread::spawn(|| job.run());
}

fn main() {
    let limiter = Arc::new(Semaphore::new(2));
    let text: Arc<[u8]> = vec![b'w'; 200_000].into();
    let hashes = (0..6).map(|_| {
        let text = text.clone();
        offload_to(on_a_thread, move |stop: &Stop<'_>| hash(&text, stop)).limit(limiter.clone())
    });
    let hashes = pollster::block_on(join_all(hashes));
    let first = *hashes[0].as_ref().unwrap();
    println!("{first:x?}");
    assert!(first.is_some() && hashes.iter().all(|hash| *hash.as_ref().unwrap() == first));
    assert_eq!(limiter.available_permits(), 2);

    // One that would never end is asked to stop, and waited for.
    let start = Instant::now();
    let mut endless = offload_to(on_a_thread, |stop: &Stop<'_>| {
        while !stop.is_stopped() {
            thread::sleep(Duration::from_millis(1));
        }
        "stopped"
    });
    let ended = pollster::block_on(async {
        let mut polled = false;
        std::future::poll_fn(|cx| {
            let poll = std::pin::Pin::new(&mut endless).poll(cx);
            if !std::mem::replace(&mut polled, true) {
                endless.stop();
            }
            poll
        })
        .await
    });
    assert_eq!(ended.unwrap(), "stopped");
    assert!(start.elapsed() < Duration::from_secs(1));
}
