//! A fetch of many pages, a few at a time; the fastest of several mirrors for each.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use futures_lite::stream;
use selvedge_context::{OneOf2, for_each_limit, join_all, race_ok, select};
use selvedge_timer::sleep;

/// One mirror is away, one is slow.
async fn fetch(mirror: u64, page: u64) -> Result<u64, &'static str> {
    sleep(Duration::from_millis(1 + mirror)).await;
    if (page + mirror) % 3 == 0 { Err("away") } else { Ok(page * page) }
}

fn main() {
    pollster::block_on(async {
        let (pages, inside, most) = (RefCell::new(Vec::new()), Cell::new(0), Cell::new(0));
        let all = for_each_limit(stream::iter(1..=20), 4, async |page| {
            inside.set(inside.get() + 1);
            most.set(most.get().max(inside.get()));
            let answer = race_ok((0..3).map(|mirror| fetch(mirror, page))).await;
            pages.borrow_mut().push(answer.expect("some mirror answers"));
            inside.set(inside.get() - 1);
        });
        // No longer than a second, however many mirrors are away.
        let ended = select(all.expect("4 is not 0"), sleep(Duration::from_secs(1))).biased();
        assert_eq!(ended.await, OneOf2::First(()));
        let sum: u64 = pages.borrow().iter().sum();
        println!("{} pages, {} at a time, {sum}", pages.borrow().len(), most.get());
        assert_eq!((pages.borrow().len(), most.get(), sum), (20, 4, 2870));

        let both = join_all([fetch(0, 1), fetch(0, 3)]).await;
        assert_eq!(both, [Ok(1), Err("away")]);
    });
}
