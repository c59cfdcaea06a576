//! A request that the user may take back, and a future that is lent to go on with later.

use std::{future::pending, pin::pin};

use futures_lite::future::yield_now;
use selvedge_context::{OneOf2, OneOf4, select, select4};

async fn steps(n: u32) -> u32 {
    for _ in 0..n {
        yield_now().await;
    }
    n
}

fn main() {
    pollster::block_on(async {
        let mut request = pin!(steps(9));
        // Lent, it stays; in order, so that a result that is there counts.
        let ended = select(request.as_mut(), steps(3)).biased().await;
        assert_eq!(ended, OneOf2::Second(3));
        println!("taken back: {}", request.as_mut().await);

        // A wait that may end in four ways: an answer, a change of mind, a signal, or impatience.
        let (undo, signal) = (pending::<()>(), pending::<()>());
        let end = match select4(steps(9), undo, signal, steps(5)).await {
            OneOf4::First(_) => "answered",
            OneOf4::Second(()) => "taken back",
            OneOf4::Third(()) => "shut down",
            OneOf4::Fourth(_) => "too late",
        };
        assert_eq!(end, "too late");

        // By lot: in a loop over branches that are always ready, each gets its share.
        let mut shares = [0, 0];
        for _ in 0..1000 {
            match select(steps(0), steps(0)).await {
                OneOf2::First(_) => shares[0] += 1,
                OneOf2::Second(_) => shares[1] += 1,
            }
        }
        assert!(shares.iter().all(|share| *share > 300), "{shares:?}");
    });
}
