//! Many write a log, one keeps it: in batches, and with a place reserved for the last line.

use std::thread;

use selvedge_channel::mpsc;

fn main() {
    let (log, mut lines) = mpsc::channel(16);
    let last = pollster::block_on(log.clone().reserve_owned()).expect("open");
    let writers: Vec<_> = (0..3)
        .map(|writer| {
            let log = log.clone();
            thread::spawn(move || {
                for line in 0..20 {
                    log.blocking_send(format!("writer {writer}, line {line}")).expect("open");
                }
            })
        })
        .collect();
    drop(log);
    let keeper = thread::spawn(move || {
        let mut kept = Vec::new();
        while lines.blocking_recv_many(&mut kept, 8) > 0 {}
        kept
    });
    for writer in writers {
        writer.join().expect("a writer has no reason to panic");
    }
    drop(last.send("the end".into()));

    let kept = keeper.join().expect("the keeper has no reason to panic");
    println!("{} lines, the last one: {}", kept.len(), kept[60]);
    assert_eq!((kept.len(), kept[60].as_str()), (61, "the end"));
}
