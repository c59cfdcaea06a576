//! Three weavers work in steps: nobody begins a row before all have ended the last one.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    thread,
};

use selvedge_sync::Barrier;

static ROW: Barrier = Barrier::new(3);
static WOVEN: AtomicUsize = AtomicUsize::new(0);

fn main() {
    let weavers = [(); 3].map(|()| {
        thread::spawn(|| {
            pollster::block_on(async {
                for row in 1..=4 {
                    WOVEN.fetch_add(1, Relaxed);
                    if ROW.wait().await.is_leader() {
                        println!("row {row} is done");
                    }
                    assert!(WOVEN.load(Relaxed) >= 3 * row);
                }
            });
        })
    });
    for weaver in weavers {
        weaver.join().expect("the rows are in order");
    }
    assert_eq!(WOVEN.load(Relaxed), 12);
}
