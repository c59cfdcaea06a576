//! A deadlock and a futurelock, each named with who, what and where.

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Duration,
};

use selvedge_sync::{Mutex, diagnose};

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Two tasks take two mutexes, each in its own order.
fn deadlock() {
    static WARP: Mutex<()> = Mutex::new(());
    static WEFT: Mutex<()> = Mutex::new(());

    async fn both(first: &Mutex<()>, second: &Mutex<()>) {
        let _first = first.lock().await;
        // Lets the other task run.
        let mut yielded = false;
        std::future::poll_fn(|_| match std::mem::replace(&mut yielded, true) {
            false => Poll::Pending,
            true => Poll::Ready(()),
        })
        .await;
        let _second = second.lock().await;
    }

    let mut weaver = pin!(diagnose::named("weaver", both(&WARP, &WEFT)));
    let mut apprentice = pin!(diagnose::named("apprentice", both(&WEFT, &WARP)));
    for _ in 0..2 {
        assert!(poll(weaver.as_mut()).is_pending());
        assert!(poll(apprentice.as_mut()).is_pending());
    }

    let seen = diagnose::snapshot();
    println!("{seen}");
    println!("{}", seen.graphviz());
    let cycles = seen.cycles();
    assert_eq!(cycles.len(), 1);
    assert_eq!(cycles[0].steps.len(), 2);
    assert!(cycles[0].to_string().starts_with("deadlock:"));
    for step in &cycles[0].steps {
        // Who waits asked in the last line of `both`, who holds in its first.
        assert!(step.waits.at.file().ends_with("diagnose.rs"));
        assert!(step.waits.at.line() > step.held.at.line());
    }
}

/// A task waits for a mutex in a future that it keeps but does not poll, and then waits once more.
fn futurelock() {
    static LOOM: Mutex<()> = Mutex::fair(());

    let task = async {
        let mut kept = pin!(LOOM.lock());
        assert!(poll(kept.as_mut()).is_pending());
        // As `select!` does, when another branch is ready first, and that branch then waits, too.
        let _guard = LOOM.lock().await;
    };
    let held = LOOM.try_lock().expect("nobody has it");
    let mut task = pin!(diagnose::named("weaver", task));
    assert!(poll(task.as_mut()).is_pending());
    drop(held);
    // The mutex is handed to the future that is kept, and nobody looks.
    assert!(poll(task.as_mut()).is_pending());

    let seen = diagnose::snapshot();
    println!("{seen}");
    assert_eq!(seen.unpolled(Duration::ZERO).count(), 1);
    let cycles = seen.cycles();
    assert_eq!(cycles.len(), 1);
    assert!(cycles[0].to_string().starts_with("futurelock:"));
}

fn main() {
    deadlock();
    futurelock();
    assert_eq!(diagnose::snapshot().waiters().count(), 0, "all is given up by now");
}
