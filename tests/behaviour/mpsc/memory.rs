//! What channels cost, idle and after a burst.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use selvedge::channel::mpsc;

use crate::harness::{allocations, bytes, growth};

/// Memory: what a burst of a million took is given back, and as many are dropped in a loop.
#[test]
fn a_burst_is_given_back_and_nothing_recurses() {
    const MANY: usize = 1_000_000;
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let grown = growth(|| {
        for message in 0..MANY {
            sender.send(message).unwrap();
        }
        for message in 0..MANY {
            assert_eq!(receiver.try_recv(), Ok(message));
        }
    });
    assert!((0..=2).contains(&grown), "{grown} blocks are kept");

    let drops = Arc::new(AtomicUsize::new(0));
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let left = growth(|| {
        let (sender, receiver) = mpsc::unbounded_channel();
        for _ in 0..MANY {
            assert!(sender.send(Counted(drops.clone())).is_ok());
        }
        drop(receiver);
        drop(sender);
    });
    assert_eq!((drops.load(SeqCst), left), (MANY, 0));
}

/// 300,000 channels that are idle, on the whole: less than 200 bytes each, in one allocation.
#[test]
fn idle_channels_are_small() {
    use selvedge::channel::{mpmc, oneshot};

    const MANY: usize = 300_000;
    fn idle<C>(what: &str, make: impl Fn() -> C) {
        let mut channels = Vec::with_capacity(MANY);
        let mut made = 0;
        let bytes = bytes(|| {
            made = allocations(|| channels.extend((0..MANY).map(|_| make())));
        });
        println!("{what}: {} bytes each", bytes / MANY);
        assert!(bytes < 200 * MANY && made == MANY, "{what}: {bytes} bytes, {made} allocations");
    }
    idle("mpsc", || mpsc::channel::<[u64; 4]>(1000));
    idle("mpsc, unbounded", mpsc::unbounded_channel::<[u64; 4]>);
    idle("mpmc", || mpmc::bounded::<[u64; 4]>(1000));
    idle("mpmc, a rendezvous", mpmc::rendezvous::<[u64; 4]>);
    idle("oneshot", oneshot::channel::<[u64; 4]>);
}
