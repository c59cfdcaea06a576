//! Two shuttles that are lent and brought back by different people: none is brought back twice.

use std::{sync::mpsc, thread};

use selvedge_sync::BoundedSemaphore;

static SHUTTLES: BoundedSemaphore = BoundedSemaphore::new(2);

fn main() {
    let (lent, to_bring_back) = mpsc::channel();
    let porter = thread::spawn(move || {
        for _shuttle in to_bring_back {
            SHUTTLES.release(1).expect("it was lent");
        }
    });
    for shuttle in 0..5 {
        pollster::block_on(SHUTTLES.acquire()).expect("never closed").forget();
        lent.send(shuttle).expect("the porter is there");
    }
    drop(lent);
    porter.join().expect("no panic");
    assert_eq!(SHUTTLES.available_permits(), 2);
    assert!(SHUTTLES.release(1).is_err());
}
