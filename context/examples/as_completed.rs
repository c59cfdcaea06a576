//! Results are shown as they come, whichever was asked for first.

use futures_lite::future::yield_now;
use selvedge_context::as_completed;

async fn weave(metres: usize) -> usize {
    for _ in 0..metres {
        yield_now().await;
    }
    metres
}

fn main() {
    pollster::block_on(async {
        let mut cloth = as_completed([30, 10, 20].map(weave));
        let mut order = Vec::new();
        while let Some((loom, metres)) = cloth.next().await {
            println!("loom {loom}: {metres} m, {} to come", cloth.left());
            order.push(loom);
        }
        assert_eq!(order, [1, 2, 0]);
    });
}
