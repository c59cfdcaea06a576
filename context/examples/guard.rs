//! A log that is written out in the end: by who closes it, and by the reaper for who does not.
//!
//! The same over TCP, on two executors, is in `examples/connection.rs` of the facade.

use std::{
    cell::RefCell,
    future::pending,
    pin::pin,
    task::{Context, Waker},
};

use selvedge_context::{Exit, LocalReaper, with};

/// What was written out.
#[derive(Default)]
struct Disk(RefCell<Vec<String>>);

impl Disk {
    async fn write(&self, log: Vec<&str>, exit: Exit) -> Result<(), &'static str> {
        self.0.borrow_mut().push(format!("{exit:?}: {}", log.join(", ")));
        Ok(())
    }
}

fn main() {
    let disk: &'static Disk = Box::leak(Box::default());
    let reaper = LocalReaper::new();
    let write = |log, exit| disk.write(log, exit);

    pollster::block_on(async {
        let mut log = reaper.guard(vec!["opened"], write);
        log.push("used");
        assert_eq!(log.close().await, Ok(()));
    });

    // A body that is dropped half-way: its log goes to the reaper.
    {
        let body = with(
            reaper.clone(),
            vec!["opened"],
            async |log: &mut Vec<&str>| {
                log.push("half-way");
                pending::<Result<(), &str>>().await
            },
            write,
        );
        let polled = pin!(body).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    }
    assert_eq!(reaper.report().left, 1);
    pollster::block_on(reaper.drain());

    for line in disk.0.borrow().iter() {
        println!("{line}");
    }
    assert_eq!(*disk.0.borrow(), ["Done: opened, used", "Dropped: opened, half-way"]);
}
