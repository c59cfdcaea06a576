//! What must hold of a broadcast channel in every interleaving.

use loom::{cell::UnsafeCell, sync::Arc};
use selvedge::channel::broadcast::{
    self, Overflow,
    error::{RecvError, TryRecvError},
};

use crate::runner::{block_on, block_on_moved, check, poll_and_cancel, spawn};

/// A message that loom sees being copied and dropped, and that counts how many there are.
struct Message {
    cell: UnsafeCell<u8>,
    number: usize,
    _counted: Arc<()>,
}

// SAFETY: the threads of a model take turns on one thread of the system's, and loom reports overlaps.
#[expect(unsafe_code, reason = "the message is shared on purpose")]
unsafe impl Sync for Message {}

impl Clone for Message {
    fn clone(&self) -> Self {
        self.cell.with(|_| ());
        loom::thread::yield_now();
        Self::new(self.number, &self._counted)
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.cell.with_mut(|_| ());
        }
    }
}

impl Message {
    fn new(number: usize, counted: &Arc<()>) -> Self {
        Self { cell: UnsafeCell::new(0), number, _counted: counted.clone() }
    }
}

/// Two receivers get a message each, and the last of them takes it away.
///
/// Red when: the CAS of `try_pin` is Relaxed; mutants "gate: wakes one of many", "gate: lines up
/// without a word".
#[test]
fn both_get_it_and_the_last_takes_it() {
    check(2, || {
        let counted = Arc::new(());
        let (tx, mut first) = broadcast::channel::<Message>(1);
        let mut second = tx.subscribe();
        let there = spawn(move || {
            assert_eq!(block_on(second.recv()).ok().unwrap().number, 7);
            second
        });
        assert_eq!(tx.send(Message::new(7, &counted)).ok(), Some(2));
        assert_eq!(block_on_moved(first.recv()).ok().unwrap().number, 7);
        let second = there.join().unwrap();
        assert!(tx.is_empty() && second.is_empty());
        assert_eq!(Arc::strong_count(&counted), 1, "a message is kept that everybody has read");
    });
}

/// A message that was put aside, because the one before was being read, is received like any other.
///
/// Red when: mutant "broadcast: a message that is read is written over".
#[test]
fn a_message_that_was_put_aside_is_received() {
    check(3, || {
        let counted = Arc::new(());
        let (tx, mut first) = broadcast::channel(1);
        let mut second = tx.subscribe();
        tx.send(Message::new(0, &counted)).ok().unwrap();
        let reader = spawn(move || {
            let once = first.try_recv().map(|message| message.number);
            (once, first)
        });
        tx.send(Message::new(1, &counted)).ok().unwrap();
        assert!(matches!(second.try_recv(), Err(TryRecvError::Lagged(1))));
        assert_eq!(second.try_recv().ok().unwrap().number, 1);
        let (once, mut first) = reader.join().unwrap();
        match once {
            Ok(0) | Err(TryRecvError::Lagged(1)) => {
                assert_eq!(first.try_recv().ok().unwrap().number, 1);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(Arc::strong_count(&counted), 1, "a message is kept, or was dropped twice");
    });
}

/// A message that is being read is not written over, however often it is overtaken; who was
/// overtaken before it looked is told so.
///
/// Red when: mutant "broadcast: a message that is read is written over"; the CAS of `write` or of
/// `step_out` is Relaxed.
#[test]
fn a_message_that_is_read_is_left_alone() {
    check(3, || {
        let counted = Arc::new(());
        let (tx, mut first) = broadcast::channel(1);
        let mut second = tx.subscribe();
        tx.send(Message::new(0, &counted)).ok().unwrap();
        let reader = spawn(move || {
            let mut next = 0;
            loop {
                match first.try_recv() {
                    Ok(message) => {
                        assert_eq!(message.number, next);
                        next += 1;
                    }
                    Err(TryRecvError::Lagged(missed)) => next += missed as usize,
                    Err(_) => break next,
                }
            }
        });
        tx.send(Message::new(1, &counted)).ok().unwrap();
        tx.send(Message::new(2, &counted)).ok().unwrap();
        assert!((1..=3).contains(&reader.join().unwrap()));
        assert!(matches!(second.try_recv(), Err(TryRecvError::Lagged(2))));
        assert_eq!(second.try_recv().ok().unwrap().number, 2);
        drop((tx, second));
        assert_eq!(Arc::strong_count(&counted), 1, "a message is kept, or was dropped twice");
    });
}

/// A receiver that goes takes with it what it alone had not read.
///
/// Red when: the drop of a receiver reads less than it was sent; the load of `take_late` is Relaxed.
#[test]
fn a_receiver_that_goes_keeps_nothing_alive() {
    check(3, || {
        let counted = Arc::new(());
        let (tx, first) = broadcast::channel(2);
        let mut second = tx.subscribe();
        let sender = spawn({
            let counted = counted.clone();
            move || {
                tx.send(Message::new(0, &counted)).ok().unwrap();
                tx
            }
        });
        let there = spawn(move || drop(first));
        let message = block_on(second.recv()).ok().unwrap();
        assert_eq!(message.number, 0);
        drop(message);
        there.join().unwrap();
        let tx = sender.join().unwrap();
        assert!(tx.is_empty());
        assert_eq!(Arc::strong_count(&counted), 1, "a message is kept that everybody has read");
    });
}

/// The last sender goes while a receiver waits: it gets what was sent, and then the end.
///
/// Red when: `close` of the gate is Relaxed or wakes nobody.
#[test]
fn the_end_comes_after_the_last_message() {
    check(3, || {
        let (tx, mut rx) = broadcast::channel(2);
        let weak = tx.downgrade();
        let sender = spawn(move || {
            tx.send(1).unwrap();
        });
        assert!(weak.upgrade().is_none_or(|tx| tx.receiver_count() == 1));
        assert_eq!(block_on(rx.recv()), Ok(1));
        assert_eq!(block_on(rx.recv()), Err(RecvError::Closed));
        assert!(weak.upgrade().is_none());
        sender.join().unwrap();
    });
}

/// A sender that waits for the slowest receiver gets in when that has read, or has gone.
///
/// Red when: mutant "broadcast: room that was made is not told".
#[test]
fn a_sender_waits_for_the_slowest() {
    for goes in [false, true] {
        check(2, move || {
            let (tx, mut quick) = broadcast::with_overflow(1, Overflow::Wait);
            let mut slow = tx.subscribe();
            tx.try_broadcast(0).unwrap();
            let sender = spawn(move || block_on(tx.broadcast(1)).map(|_| tx));
            assert_eq!(quick.try_recv(), Ok(0));
            if goes {
                drop(slow);
            } else {
                assert_eq!(slow.try_recv(), Ok(0));
                assert_eq!(block_on(slow.recv()), Ok(1));
            }
            assert_eq!(block_on(quick.recv()), Ok(1));
            assert!(sender.join().unwrap().unwrap().is_empty());
        });
    }
}

/// A sender that gives up waiting gives its room to the next; one that finds nobody gets its message
/// back.
///
/// Red when: room that a cancelled sender was given is lost.
#[test]
fn a_cancelled_sender_passes_its_room_on() {
    check(2, || {
        let (tx, mut rx) = broadcast::with_overflow(1, Overflow::Wait);
        tx.try_broadcast(0).unwrap();
        let quitter = spawn({
            let tx = tx.clone();
            move || poll_and_cancel(tx.broadcast(1)).is_some()
        });
        let stayer = spawn(move || block_on(tx.broadcast(2)).unwrap());
        let mut seen = vec![block_on(rx.recv()).unwrap()];
        while let Ok(number) = block_on(rx.recv()) {
            seen.push(number);
        }
        let was_sent = quitter.join().unwrap();
        stayer.join().unwrap();
        assert_eq!(seen.contains(&1), was_sent);
        assert!(seen.contains(&2) && seen[0] == 0);
    });
}

/// The sender is told when the last receiver has gone, an inactive one included.
///
/// Red when: `step` or `look` of the gate is Relaxed.
#[test]
fn the_sender_sees_the_receivers_go() {
    check(3, || {
        let (tx, rx) = broadcast::channel::<u8>(1);
        let idle = spawn(move || drop(rx.deactivate()));
        block_on(tx.closed());
        assert!(tx.send(1).is_err());
        idle.join().unwrap();
    });
}
