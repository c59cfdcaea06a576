//! Runs the program of the crate, which has no std, where there is one to tell what came of it.

use no_std_check::{executor::Asleep, program};

fn main() {
    let sums = program::measure().expect("nobody sleeps for ever");
    println!("{sums:?}");
    assert!(sums.into_iter().eq((0..4).map(|sensor| (sensor, (0..25).sum()))));
    program::talk().expect("nobody sleeps for ever");
    assert_eq!(program::oversleep(), Err(Asleep(1)));
}
