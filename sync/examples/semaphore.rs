//! A budget of bytes: each upload takes as many permits as it has bytes.

use std::{sync::Arc, thread};

use selvedge_sync::Semaphore;

fn main() {
    let budget = Arc::new(Semaphore::new(1000));
    let uploads: Vec<_> = [700, 200, 900, 100]
        .into_iter()
        .map(|bytes| {
            let budget = budget.clone();
            thread::spawn(move || {
                let permit = pollster::block_on(budget.acquire_many(bytes)).expect("not closed");
                println!("{} bytes on their way", permit.num_permits());
            })
        })
        .collect();
    for upload in uploads {
        upload.join().expect("an upload has no reason to panic");
    }
    assert_eq!(budget.available_permits(), 1000);

    budget.close();
    assert!(pollster::block_on(budget.acquire()).is_err());
}
