//! Many pages, a few at a time. What is in flight goes on, however slow one of them is.

use std::cell::Cell;

use futures_lite::{future::yield_now, stream};
use selvedge_context::for_each_limit;

fn main() {
    let (inside, most, done) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let all = for_each_limit(stream::iter(1..=20_u64), 4, async |page| {
        inside.set(inside.get() + 1);
        most.set(most.get().max(inside.get()));
        for _ in 0..page {
            yield_now().await;
        }
        inside.set(inside.get() - 1);
        done.set(done.get() + page);
    });
    pollster::block_on(all.expect("4 is not 0"));
    println!("{} at a time", most.get());
    assert_eq!((most.get(), done.get()), (4, 210));
}
