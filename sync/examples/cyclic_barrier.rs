//! Three work in step; one of them fails, and the others hear of it instead of waiting for ever.

use std::thread;

use selvedge_sync::{BrokenBarrierError, CyclicBarrier};

static STEP: CyclicBarrier = CyclicBarrier::new(3);

fn work(fails: bool) -> Result<usize, BrokenBarrierError> {
    pollster::block_on(async {
        let place = STEP.wait().await?;
        if fails {
            STEP.abort();
        }
        STEP.wait().await?;
        Ok(place)
    })
}

fn main() {
    let workers = [false, false, true].map(|fails| thread::spawn(move || work(fails)));
    for worker in workers {
        let result = worker.join().expect("nobody panics");
        println!("{result:?}");
        assert!(result.is_err());
    }
    assert!(STEP.is_broken());

    STEP.reset();
    let workers = [(); 3].map(|()| thread::spawn(|| work(false)));
    let mut places = workers.map(|worker| worker.join().expect("nobody panics").expect("reset"));
    places.sort_unstable();
    assert_eq!(places, [0, 1, 2]);
}
