//! Messages and wakers that use the channel, or panic.

use std::{
    sync::{
        Arc, Mutex, Weak,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use selvedge::channel::broadcast::{self, Receiver, Sender, error::TryRecvError};

use crate::harness::{Meddler, PollWith, Spy, Watched, panics, ready};

/// Messages whose `Clone` and `Drop` use the channel, and lap it while they are copied.
#[test]
fn messages_may_use_their_channel() {
    struct Nosy {
        tx: Weak<Sender<Nosy>>,
        number: usize,
        copies: Arc<AtomicUsize>,
    }
    impl Clone for Nosy {
        fn clone(&self) -> Self {
            if let (Some(tx), 0) = (self.tx.upgrade(), self.copies.fetch_add(1, SeqCst)) {
                // The message that is being copied is overtaken, again and again.
                for number in 1..=5 {
                    let next = Self { tx: Weak::new(), number, copies: self.copies.clone() };
                    assert!(tx.send(next).is_ok());
                }
                let _ = (tx.len(), tx.subscribe(), tx.receiver_count());
            }
            Self { tx: Weak::new(), number: self.number, copies: self.copies.clone() }
        }
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            if let Some(tx) = self.tx.upgrade() {
                let _ = (tx.len(), tx.subscribe());
            }
        }
    }
    for capacity in [1, 2, 8] {
        let copies = Arc::new(AtomicUsize::new(0));
        let (tx, mut first) = broadcast::channel(capacity);
        let mut second = tx.subscribe();
        let tx = Arc::new(tx);
        let message = Nosy { tx: Arc::downgrade(&tx), number: 0, copies: copies.clone() };
        assert!(tx.send(message).is_ok());
        assert_eq!(first.try_recv().ok().unwrap().number, 0, "it is what was copied");
        let mut seen = Vec::new();
        loop {
            match second.try_recv() {
                Ok(message) => seen.push(message.number),
                Err(TryRecvError::Lagged(missed)) => assert_eq!(missed as usize, 6 - capacity),
                Err(_) => break,
            }
        }
        assert_eq!(seen, (6_usize.saturating_sub(capacity)..6).collect::<Vec<_>>());
        drop((tx, first, second));
        assert_eq!(Arc::strong_count(&copies), 1, "a message was lost or doubled");
    }
}

#[test]
fn a_message_that_panics_costs_the_others_nothing() {
    struct Bomb(bool, Arc<AtomicUsize>);
    impl Clone for Bomb {
        fn clone(&self) -> Self {
            assert!(!self.0, "on purpose");
            Self(false, self.1.clone())
        }
    }
    impl Drop for Bomb {
        fn drop(&mut self) {
            self.1.fetch_add(1, SeqCst);
            assert!(!self.0 || thread::panicking(), "on purpose");
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let (tx, mut first) = broadcast::channel(4);
    let mut second = tx.subscribe();
    assert!(tx.send(Bomb(true, drops.clone())).is_ok());
    assert!(tx.send(Bomb(false, drops.clone())).is_ok());
    assert!(panics(|| drop(first.try_recv())), "its clone panics");
    assert!(first.try_recv().is_ok(), "and it counts as received");
    assert!(panics(|| drop(second.try_recv())), "its drop panics");
    assert!(second.try_recv().is_ok());
    assert!(tx.is_empty());

    // One of many, when a receiver goes with all of them; and one that is overtaken.
    let (tx, rx) = broadcast::channel(4);
    let before = drops.load(SeqCst);
    for at in 0..4 {
        assert!(tx.send(Bomb(at == 1, drops.clone())).is_ok());
    }
    assert!(panics(|| drop(rx)));
    assert_eq!(drops.load(SeqCst) - before, 4);
    assert!(tx.is_empty() && tx.receiver_count() == 0);
    let (tx, mut rx) = broadcast::channel(1);
    assert!(tx.send(Bomb(true, drops.clone())).is_ok());
    assert!(panics(|| drop(tx.send(Bomb(false, drops.clone())))));
    assert!(matches!(rx.try_recv(), Err(TryRecvError::Lagged(1))));
    assert!(rx.try_recv().is_ok(), "it was sent all the same");
}

#[test]
fn wakers_that_panic_or_look_on_cost_the_others_nothing() {
    let (tx, mut bad) = broadcast::channel(4);
    let (mut nosy, mut good) = (tx.subscribe(), tx.subscribe());
    let inside = tx.clone();
    let (spy, waker) = Spy::new(move |_| drop((inside.subscribe(), inside.len())));
    let panicking = Meddler::waker(|| panic!("on purpose"), || ());
    let watched = Watched::new();
    let (mut first, mut second, mut third) =
        (Box::pin(bad.recv()), Box::pin(nosy.recv()), Box::pin(good.recv()));
    assert!(first.as_mut().poll_with(&panicking).is_pending());
    assert!(second.as_mut().poll_with(&waker).is_pending());
    assert!(watched.poll(third.as_mut()).is_pending());
    assert!(panics(|| _ = tx.send(1)));
    assert_eq!((watched.woken(), spy.seen()), (1, [1, 1, 0]));
    for wait in [&mut first, &mut second, &mut third] {
        assert_eq!(ready(wait.as_mut()), Ok(1));
    }
}

/// A message whose drop panics is dropped by whoever reads it last, who has its copy all the same.
#[test]
fn a_message_whose_drop_panics_does_not_cost_its_copy() {
    type Other = Arc<Mutex<Option<Receiver<Rude>>>>;
    #[derive(Debug)]
    struct Rude(Option<Other>);
    impl Clone for Rude {
        fn clone(&self) -> Self {
            // Somebody else reads it at the same time, so the first to begin is the last to end.
            if let Some(mut other) = self.0.as_ref().and_then(|other| other.lock().unwrap().take())
            {
                assert!(other.try_recv().is_ok());
            }
            Self(None)
        }
    }
    impl Drop for Rude {
        fn drop(&mut self) {
            assert!(self.0.is_none() || thread::panicking(), "on purpose");
        }
    }
    let (tx, mut first) = broadcast::channel(4);
    let second = Arc::new(Mutex::new(Some(tx.subscribe())));
    tx.send(Rude(Some(second))).unwrap();
    assert!(panics(|| drop(first.try_recv())));
    assert_eq!((first.len(), tx.len()), (1, 0));
    assert!(matches!(first.try_recv(), Ok(Rude(None))));
    assert!(matches!(first.try_recv(), Err(TryRecvError::Empty)));
}
