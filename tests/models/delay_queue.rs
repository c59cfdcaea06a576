//! What must hold of a delay queue in every interleaving.

use std::{future::poll_fn, sync::Arc};

use selvedge::{sync::raw::shim::Lock, time::DelayQueue};

use crate::{
    runner::{block_on, check, spawn},
    sleep::run,
};

/// An item that is put in while a task waits for a later one comes out in time.
///
/// Red when: mutant "an earlier item hurries nobody", mutant "an earlier alarm wakes nobody".
#[test]
fn an_earlier_item_comes_out_in_time() {
    check(2, || {
        let driver = run(1);
        let mut queue = DelayQueue::new_on(driver.timer.clone());
        let later = queue.insert_at("later", driver.at(1000));
        let queue = Arc::new(Lock::new(queue));
        let putter = spawn({
            let (queue, at) = (queue.clone(), driver.at(1));
            move || queue.with(|queue| queue.insert_at("earlier", at))
        });
        let first = block_on(poll_fn(|cx| queue.with(|queue| queue.poll_expired(cx))));
        assert_eq!(first.unwrap().into_inner(), "earlier");
        putter.join().unwrap();
        assert_eq!(queue.with(|queue| queue.remove(&later).into_inner()), "later");
        drop(queue);
        driver.stop();
    });
}
