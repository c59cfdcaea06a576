//! A search on several threads that ends with the first find, or with the caller's patience.

use std::{
    thread,
    time::{Duration, Instant},
};

use selvedge_context::{CancellationToken, Reason};

/// Looks for a number that `fits`, in steps of its own, until told to stop.
fn search(from: u64, fits: fn(u64) -> bool, stop: &CancellationToken) -> Option<u64> {
    (from..).step_by(4).take_while(|_| !stop.is_cancelled()).find(|number| fits(*number))
}

fn find(fits: fn(u64) -> bool, patience: Duration) -> Result<u64, Reason> {
    let stop = CancellationToken::new().child_until(Instant::now() + patience);
    let searchers: Vec<_> = (0..4)
        .map(|from| {
            let stop = stop.clone();
            thread::spawn(move || {
                let found = search(from, fits, &stop);
                if found.is_some() {
                    stop.cancel_with("found");
                }
                found
            })
        })
        .collect();
    // Whoever waits for the token is woken as well.
    pollster::block_on(stop.cancelled());
    let found = searchers.into_iter().filter_map(|searcher| searcher.join().unwrap()).min();
    found.ok_or_else(|| stop.reason().expect("it was cancelled"))
}

fn main() {
    let found = find(|number| number > 1000 && number % 997 == 0, Duration::from_secs(60));
    println!("{found:?}");
    assert!(found.is_ok());
    let gave_up = find(|_| false, Duration::from_millis(20));
    println!("{gave_up:?}");
    assert!(matches!(gave_up, Err(Reason::Elapsed)));
}
