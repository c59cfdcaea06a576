//! A beat of ten milliseconds that leaves out what it missed.

use std::{
    thread,
    time::{Duration, Instant},
};

use selvedge_timer::{MissedTickBehavior, interval_at};

fn main() {
    let period = Duration::from_millis(10);
    let start = Instant::now();
    let mut beat = interval_at(start, period);
    beat.set_missed_tick_behavior(MissedTickBehavior::Skip);
    pollster::block_on(async {
        assert_eq!(beat.tick().await, start);
        // Whoever sleeps through two beats gets the first of them late, and then those to come.
        thread::sleep(period * 5 / 2);
        assert_eq!(beat.tick().await, start + period);
        let next = beat.tick().await;
        assert!(next >= start + 3 * period);
        assert_eq!((next - start).as_millis() % period.as_millis(), 0, "in step");
    });
    println!("three beats in {:?}", start.elapsed());
}
