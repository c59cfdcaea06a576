//! One thread computes, several tasks want to know what came of it.

use std::thread;

use selvedge_sync::{Abandoned, Completion};

fn main() {
    let (completer, outcome) = Completion::new();
    let observers: Vec<_> = (0..3)
        .map(|_| {
            let outcome = outcome.clone();
            thread::spawn(move || pollster::block_on(outcome.wait()).copied())
        })
        .collect();
    completer.complete(6 * 7);
    for observer in observers {
        assert_eq!(observer.join().expect("no panic"), Ok(42));
    }

    let (completer, outcome) = Completion::<u32>::new();
    let failing = thread::spawn(move || {
        let _completer = completer;
        // Returns early, and forgets about it.
    });
    assert_eq!(pollster::block_on(outcome.wait()), Err(Abandoned));
    failing.join().expect("no panic");
}
