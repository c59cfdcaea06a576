//! An order that is placed with several suppliers: all of them, or none.

use std::cell::Cell;

use futures_lite::future::yield_now;
use selvedge_context::try_join_all;

async fn order(supplier: u32, has: u32, ordered: &Cell<u32>) -> Result<u32, String> {
    yield_now().await;
    if has == 0 {
        return Err(format!("supplier {supplier} has none"));
    }
    yield_now().await;
    ordered.set(ordered.get() + 1);
    Ok(supplier)
}

fn main() {
    pollster::block_on(async {
        let ordered = Cell::new(0);
        let all = try_join_all((0..3).map(|supplier| order(supplier, 7, &ordered)));
        assert_eq!((all.await, ordered.get()), (Ok(vec![0, 1, 2]), 3));

        // The first that fails has the others dropped, before they have ordered anything.
        let all = try_join_all([2, 0, 9].map(|has| order(has, has, &ordered)));
        let refused = all.await.unwrap_err();
        println!("{refused}");
        assert_eq!((refused.as_str(), ordered.get()), ("supplier 0 has none", 3));
    });
}
