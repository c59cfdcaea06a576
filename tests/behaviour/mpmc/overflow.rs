//! What a full channel does with a message, and who hears of those that nobody gets.

use std::{
    mem,
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use selvedge::channel::mpmc::{self, Builder, Overflow, Receiver, SendError, Sender, TrySendError};

use crate::harness::{poll, ready};

#[test]
fn a_message_is_sent_by_force() {
    let (sender, receiver) = mpmc::bounded(2);
    let sent = [1, 2, 3, 4].map(|message| sender.force_send(message).unwrap());
    assert_eq!(sent, [None, None, Some(1), Some(2)]);
    let mut send = pin!(sender.send(9));
    assert!(poll(send.as_mut()).is_pending());
    assert_eq!(sender.force_send(5), Ok(Some(3)));
    assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), [4, 5]);
    assert_eq!(ready(send.as_mut()), Ok(()));
    receiver.close();
    assert_eq!(sender.force_send(6), Err(SendError(6)));

    let (sender, receiver) = mpmc::rendezvous();
    assert_eq!(sender.force_send(1), Ok(Some(1)), "there is nothing to displace");
    let mut recv = pin!(receiver.recv());
    assert!(poll(recv.as_mut()).is_pending());
    assert_eq!(sender.force_send(2), Ok(None));
    assert_eq!(ready(recv.as_mut()), Ok(2));
    let (sender, _receiver) = mpmc::bounded(1);
    let _permit = sender.try_reserve().unwrap();
    assert_eq!(sender.force_send(1), Ok(Some(1)), "all that is there is held");
}

/// What goes to the hook, in order.
fn hooked(builder: Builder<u32>) -> (Sender<u32>, Receiver<u32>, Arc<Mutex<Vec<u32>>>) {
    let lost = Arc::new(Mutex::new(Vec::new()));
    let hook = lost.clone();
    let (sender, receiver) =
        builder.on_undelivered(move |message| hook.lock().unwrap().push(message)).build();
    (sender, receiver, lost)
}

#[test]
fn a_full_channel_drops_by_its_policy() {
    for (overflow, kept, dropped) in
        [(Overflow::DropOldest, [3, 4], [1, 2]), (Overflow::DropNewest, [1, 2], [3, 4])]
    {
        let (sender, receiver, lost) = hooked(Builder::bounded(2).overflow(overflow));
        sender.try_send(1).unwrap();
        assert_eq!(ready(pin!(sender.send(2))), Ok(()));
        assert_eq!(ready(pin!(sender.send(3))), Ok(()), "nobody waits");
        sender.try_send(4).unwrap();
        assert_eq!((sender.len(), &lost.lock().unwrap()[..]), (2, &dropped[..]));
        assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), kept);
        receiver.close();
        assert_eq!(sender.try_send(5), Err(TrySendError::Closed(5)));
    }
}

#[test]
fn a_hook_gets_what_nobody_will_get() {
    let (sender, receiver, lost) = hooked(Builder::bounded(2));
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    let mut send = Box::pin(sender.send(3));
    assert!(poll(send.as_mut()).is_pending());
    drop(send);
    drop(sender.send(4));
    assert_eq!(*lost.lock().unwrap(), [3, 4]);
    drop(receiver);
    assert_eq!(*lost.lock().unwrap(), [3, 4, 1, 2]);
    assert_eq!(sender.try_send(5), Err(TrySendError::Closed(5)), "what comes back is not lost");

    let (sender, receiver, lost) = hooked(Builder::unbounded());
    sender.try_send(1).unwrap();
    drop(sender);
    mem::forget(receiver.clone());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert!(lost.lock().unwrap().is_empty());

    // The last handle of all is a weak one.
    let (sender, receiver, lost) = hooked(Builder::bounded(1));
    let permit = sender.try_reserve().unwrap();
    drop(receiver);
    permit.send(8);
    assert_eq!(*lost.lock().unwrap(), [8]);
}

#[test]
fn a_hook_may_use_the_channel() {
    let slot: Arc<Mutex<Option<Sender<u32>>>> = Arc::default();
    let calls = Arc::new(AtomicUsize::new(0));
    let (inside, counted) = (slot.clone(), calls.clone());
    let (sender, receiver) = Builder::bounded(1)
        .on_undelivered(move |message: u32| {
            counted.fetch_add(1, SeqCst);
            if let Some(sender) = inside.lock().unwrap().take() {
                assert!(sender.try_send(message).is_err());
                drop((sender.clone(), sender));
            }
        })
        .build();
    sender.try_send(1).unwrap();
    *slot.lock().unwrap() = Some(sender.clone());
    drop(receiver);
    assert_eq!(calls.load(SeqCst), 1);
}
