//! A log that tasks on several threads write, one line at a time.

use std::{sync::Arc, thread};

use selvedge_sync::Mutex;

fn main() {
    let log = Arc::new(Mutex::new(Vec::new()));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let log = log.clone();
            thread::spawn(move || {
                pollster::block_on(async {
                    for line in 0..3 {
                        log.lock().await.push(format!("writer {writer}, line {line}"));
                    }
                });
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("a writer has no reason to panic");
    }
    let log = log.blocking_lock();
    assert_eq!(log.len(), 12);
    println!("{}", log.join("\n"));
}
