//! What must hold of a watch in every interleaving.

use loom::{cell::UnsafeCell, sync::Arc};
use selvedge::channel::watch;

use crate::runner::{block_on, block_on_moved, check, poll_and_cancel, spawn};

/// Something that one thread does before, and another after; loom reports it if they overlap.
#[derive(Clone)]
struct Mark(Arc<UnsafeCell<u8>>);

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Send for Mark {}

impl Mark {
    fn new() -> Self {
        Self(Arc::new(UnsafeCell::new(0)))
    }

    fn touch(&self) {
        self.0.with_mut(|_| ());
    }
}

/// Whoever waits for a change gets it, with what was done before; so does who is about to wait.
///
/// Red when: `step` or `look` of the gate is Relaxed; mutant "gate: lines up without a word".
#[test]
fn a_change_is_seen() {
    check(3, || {
        let (tx, mut rx) = watch::channel(0);
        let mark = Mark::new();
        let sender = spawn({
            let mark = mark.clone();
            move || {
                mark.touch();
                tx.send(1).unwrap();
                tx
            }
        });
        block_on(rx.changed()).unwrap();
        mark.touch();
        assert_eq!(*rx.borrow(), 1);
        sender.join().unwrap();
    });
}

/// Every receiver is woken by one send, in more than one batch.
///
/// Red when: mutant "gate: wakes one of many".
#[test]
fn a_change_wakes_all() {
    check(2, || {
        let (tx, rx) = watch::channel(0);
        let receivers = [(); 3].map(|()| {
            let mut rx = rx.clone();
            spawn(move || block_on(rx.changed()).unwrap())
        });
        tx.send(1).unwrap();
        for receiver in receivers {
            receiver.join().unwrap();
        }
    });
}

/// A change that came between two waits, or to one that was cancelled, is not lost.
///
/// Red when: a cancelled `changed` counts as seen.
#[test]
fn a_cancelled_wait_loses_nothing() {
    check(3, || {
        let (tx, mut rx) = watch::channel(0);
        let sender = spawn(move || {
            tx.send(1).unwrap();
            tx
        });
        if poll_and_cancel(rx.changed()).is_none() {
            block_on_moved(rx.changed()).unwrap();
        }
        assert!(!rx.has_changed().unwrap());
        assert_eq!(*rx.borrow(), 1);
        sender.join().unwrap();
    });
}

/// The last sender goes: the last value is seen, and then the end.
///
/// Red when: `close` of the gate is Relaxed; mutant "watch: the last value is not seen".
#[test]
fn the_end_comes_after_the_last_value() {
    check(3, || {
        let (tx, mut rx) = watch::channel(0);
        let mark = Mark::new();
        let sender = spawn({
            let mark = mark.clone();
            move || {
                tx.send(1).unwrap();
                mark.touch();
            }
        });
        block_on(rx.changed()).unwrap();
        assert_eq!(*rx.borrow(), 1);
        assert!(block_on(rx.changed()).is_err());
        mark.touch();
        sender.join().unwrap();
    });
}

/// A value that loom sees being read, written and dropped.
struct Seen(UnsafeCell<u8>);

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the value is shared on purpose")]
unsafe impl Sync for Seen {}

impl Seen {
    fn new() -> Self {
        Self(UnsafeCell::new(0))
    }

    fn read(&self) {
        self.0.with(|_| ());
    }

    fn write(&mut self) {
        self.0.with_mut(|_| ());
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.write();
        }
    }
}

/// A value is not written in place while somebody looks at it.
///
/// Red when: `release` or `is_alone` is Relaxed.
#[test]
fn a_look_keeps_its_value() {
    check(3, || {
        let (tx, rx) = watch::channel(Seen::new());
        let reader = spawn(move || rx.borrow().read());
        tx.send_modify(Seen::write);
        reader.join().unwrap();
    });
}

/// Whoever goes last drops the value, having seen that the others are done with it.
///
/// Red when: `release` is Relaxed, or the load of `free`.
#[test]
fn the_last_one_drops_the_value() {
    check(3, || {
        let (tx, rx) = watch::channel(Seen::new());
        let reader = spawn(move || {
            let look = rx.borrow();
            look.read();
            drop(look);
            rx
        });
        let _ = tx.send(Seen::new());
        let look = tx.borrow();
        let _ = tx.send(Seen::new());
        look.read();
        drop(look);
        drop(tx);
        reader.join().unwrap();
    });
}

/// A change in place waits for who looks, and is told when they are gone; who wants to look
/// meanwhile is told when it is done.
///
/// Red when: mutants "kept: nobody is told", "watch: those that wait for the value are not told".
#[test]
fn a_change_in_place_has_the_value_for_itself() {
    check(3, || {
        let (tx, rx) = watch::channel(0);
        let reader = spawn(move || {
            let first = *rx.borrow();
            (first, *rx.borrow())
        });
        tx.send_modify(|value| {
            *value = 1;
            loom::thread::yield_now();
            *value = 2;
        });
        let (first, second) = reader.join().unwrap();
        assert!(first != 1 && second != 1 && second >= first);
    });
}

/// Two that change the value at the same time both do.
///
/// Red when: mutant "watch: those that wait for the value are not told".
#[test]
fn changes_in_place_are_one_after_another() {
    check(2, || {
        let (tx, mut rx) = watch::channel(0);
        let other = spawn({
            let tx = tx.clone();
            move || tx.send_modify(|value| *value += 1)
        });
        tx.send_modify(|value| *value += 1);
        other.join().unwrap();
        assert_eq!(*rx.borrow_and_update(), 2);
    });
}

/// The sender is told when the last receiver has gone, whichever it is.
///
/// Red when: `step` or `look` of the gate is Relaxed; mutant "gate: lines up without a word".
#[test]
fn the_sender_sees_the_receivers_go() {
    check(3, || {
        let (tx, rx) = watch::channel(0);
        let other = spawn({
            let rx = rx.clone();
            move || drop(rx)
        });
        let last = spawn(move || drop(rx));
        block_on(tx.closed());
        assert!(tx.send(1).is_err());
        other.join().unwrap();
        last.join().unwrap();
    });
}

/// `wait_for` finds a value that comes while it looks.
///
/// Red when: `step` of the gate comes before the value.
#[test]
fn wait_for_finds_its_value() {
    check(3, || {
        let (tx, mut rx) = watch::channel(0);
        let sender = spawn(move || {
            tx.send(1).unwrap();
            let _ = tx.send(2);
        });
        assert_eq!(*block_on(rx.wait_for(|value| *value == 2)).unwrap(), 2);
        sender.join().unwrap();
    });
}
