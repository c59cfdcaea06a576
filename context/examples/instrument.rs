//! Counts how calls end.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use selvedge_context::decorate::{Event, op};

static DONE: AtomicU32 = AtomicU32::new(0);
static FAILED: AtomicU32 = AtomicU32::new(0);

fn count(event: Event) {
    match event {
        Event::Done(_) => _ = DONE.fetch_add(1, Relaxed),
        Event::Failed(_) => _ = FAILED.fetch_add(1, Relaxed),
        _ => println!("{event:?}"),
    }
}

async fn root(n: f64) -> Result<f64, &'static str> {
    if n < 0.0 { Err("negative") } else { Ok(n.sqrt()) }
}

fn main() {
    let root = op(root).instrument(count);
    pollster::block_on(async {
        for n in [4.0, -1.0, 9.0] {
            println!("{n}: {:?}", root.call(n).await);
        }
    });
    assert_eq!((DONE.load(Relaxed), FAILED.load(Relaxed)), (2, 1));
}
