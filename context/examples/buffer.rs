//! A ledger that is not to be shared is kept by one task, and written from everywhere.

use std::{cell::RefCell, thread};

use selvedge_context::decorate::{BufferClosed, buffer, op};

fn main() {
    let ledger = RefCell::new(Vec::new());
    let write = op(async |who: &'static str, amount: i64| {
        ledger.borrow_mut().push((who, amount));
        Ok::<_, BufferClosed>(ledger.borrow().iter().map(|(_, amount)| amount).sum::<i64>())
    });
    let (write, driver) = buffer(write, 4, 1);
    let threads = [("ann", 5), ("bob", -3)].map(|entry| {
        let write = write.clone();
        thread::spawn(move || {
            let sum = pollster::block_on(write.call(entry)).expect("the driver runs");
            println!("{} wrote {}, the sum is {sum}", entry.0, entry.1);
        })
    });
    drop(write);
    // Until all handles are gone.
    pollster::block_on(driver);
    for thread in threads {
        thread.join().expect("it does not panic");
    }
    assert_eq!(ledger.borrow().len(), 2);
}
