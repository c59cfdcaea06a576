//! A progress bar is drawn at most every 10 ms, and what it shows in the end is the end.

use std::{cell::Cell, time::Duration};

use selvedge_context::{
    decorate::{Skipped, Throttle, op},
    join_all,
};
use selvedge_timer::sleep;

static FRAMES: Throttle = Throttle::new(Duration::from_millis(10));

fn main() {
    let drawn = Cell::new(0);
    let shown = Cell::new(0);
    let draw = op(async |percent: u64| {
        drawn.set(drawn.get() + 1);
        shown.set(percent);
        println!("{percent} %");
        Ok::<_, Skipped>(())
    })
    .throttle(&FRAMES);
    pollster::block_on(join_all((0..=50).map(|step| {
        let draw = &draw;
        async move {
            sleep(Duration::from_millis(step)).await;
            // Whether this very frame is drawn is of no importance.
            _ = draw.call(2 * step).await;
        }
    })));
    assert_eq!(shown.get(), 100);
    assert!(drawn.get() <= 7, "drawn {} times in 60 ms", drawn.get());
}
