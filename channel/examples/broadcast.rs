//! A newsroom: every desk gets every headline; the archive, which must miss none, is waited for.

use std::thread;

use selvedge_channel::broadcast::{self, Overflow, error::RecvError};

fn main() {
    // Lossy: a slow desk is told how many it missed.
    let (wire, mut slow) = broadcast::channel(4);
    let mut quick = wire.subscribe();
    let reader = thread::spawn(move || {
        let (mut read, mut missed) = (0, 0);
        loop {
            match quick.blocking_recv() {
                Ok(_headline) => read += 1,
                Err(RecvError::Lagged(count)) => missed += count,
                Err(RecvError::Closed) => break (read, missed),
            }
        }
    });
    for headline in ["one", "two", "three", "four", "five", "six"] {
        wire.send(headline).expect("the desks are there");
    }
    assert_eq!(slow.blocking_recv(), Err(RecvError::Lagged(2)));
    assert_eq!(slow.blocking_recv(), Ok("three"));
    drop(wire);
    let (read, missed) = reader.join().expect("no reason to panic");
    println!("the quick desk read {read} and missed {missed}");
    assert_eq!(read + missed, 6);

    // Lossless: sending waits for the slowest.
    let (wire, mut archive) = broadcast::with_overflow(2, Overflow::Wait);
    let archivist = thread::spawn(move || {
        let mut kept = Vec::new();
        while let Ok(number) = archive.blocking_recv() {
            kept.push(number);
        }
        kept
    });
    pollster::block_on(async {
        for number in 0..100 {
            wire.broadcast(number).await.expect("the archive is there");
        }
    });
    drop(wire);
    let kept = archivist.join().expect("no reason to panic");
    assert!(kept.into_iter().eq(0..100));
}
