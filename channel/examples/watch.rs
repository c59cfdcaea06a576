//! A configuration that changes while workers run: each uses the newest, and none misses the last.

use std::thread;

use selvedge_channel::watch;

#[derive(Debug, PartialEq)]
struct Config {
    version: u32,
    stop: bool,
}

fn main() {
    let (tx, rx) = watch::channel(Config { version: 1, stop: false });
    let workers: Vec<_> = (0..3)
        .map(|_| {
            let mut rx = rx.clone();
            thread::spawn(move || {
                pollster::block_on(async {
                    let mut reloads = 0;
                    while !rx.borrow_and_update().stop {
                        rx.changed().await.expect("the last configuration says to stop");
                        reloads += 1;
                    }
                    reloads
                })
            })
        })
        .collect();

    for version in 2..=4 {
        tx.send(Config { version, stop: false }).expect("the workers run");
    }
    tx.send_modify(|config| config.stop = true);
    for worker in workers {
        let reloads: u32 = worker.join().expect("a worker has no reason to panic");
        println!("reloaded {reloads} times");
        assert!(reloads <= 4);
    }
    assert_eq!(*rx.borrow(), Config { version: 4, stop: true });
}
