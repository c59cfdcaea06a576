//! A download that may take 50 ms without news: each piece that comes moves the deadline.

use std::time::Duration;

use selvedge_timer::{Deadline, Elapsed, sleep};

const PATIENCE: Duration = Duration::from_millis(50);

async fn download(pieces: u32, each: Duration, deadline: Deadline) -> u32 {
    for _ in 0..pieces {
        sleep(each).await;
        deadline.reschedule_after(PATIENCE);
    }
    pieces
}

fn main() {
    pollster::block_on(async {
        // Takes longer than the patience of one piece, and comes to its end.
        let deadline = Deadline::after(PATIENCE);
        let steady = download(20, Duration::from_millis(4), deadline.clone());
        assert_eq!(deadline.limit(steady).await, Ok(20));

        let deadline = Deadline::after(PATIENCE);
        let stuck = download(2, Duration::from_secs(600), deadline.clone());
        assert_eq!(deadline.limit(stuck).await, Err(Elapsed));
    });
    println!("one came to its end, the other got stuck");
}
