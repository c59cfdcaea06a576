//! `selvedge::channel::mpsc`.

use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use futures::{Sink as _, StreamExt as _};
use selvedge::{
    SendTimeoutExt,
    channel::mpsc::{
        self, Send,
        error::{SendError, SendTimeoutError, TryRecvError, TrySendError},
    },
};

use crate::{
    harness::{Meddler, PollWith, Spy, Watched, allocations, bytes, growth, panics, poll, ready},
    sweep::{Doors, Report, Swept, Waiting},
};

/// Semantics 72 and 83.
#[test]
fn messages_come_in_order_and_then_the_end() {
    let (sender, mut receiver) = mpsc::channel(100);
    let (free, mut freely) = mpsc::unbounded_channel();
    for message in 0..100 {
        sender.try_send(message).unwrap();
        free.send(message).unwrap();
    }
    drop((sender, free));
    for message in 0..100 {
        assert_eq!(ready(pin!(receiver.recv())), Some(message));
        assert_eq!(freely.try_recv(), Ok(message));
    }
    assert_eq!(ready(pin!(receiver.recv())), None);
    assert_eq!(freely.try_recv(), Err(TryRecvError::Disconnected));
}

/// Semantics 74 and 78: a receive that is dropped, woken or not, loses nothing and keeps no waker.
#[test]
fn a_receive_that_cancels_loses_nothing() {
    for woken in [false, true] {
        let (sender, mut receiver) = mpsc::channel(1);
        let watched = Watched::new();
        {
            let mut recv = pin!(receiver.recv());
            assert!(watched.poll(recv.as_mut()).is_pending());
            assert_eq!(watched.kept(), 1);
            if woken {
                sender.try_send(1).unwrap();
                assert_eq!(watched.woken(), 1);
            }
        }
        assert_eq!(watched.kept(), 0);
        if !woken {
            sender.try_send(1).unwrap();
            assert_eq!(watched.woken(), 0);
        }
        assert_eq!(receiver.try_recv(), Ok(1));
    }
}

/// Semantics 77: as tokio promises, what a dropped send had was not sent.
#[test]
fn a_send_that_cancels_sends_nothing_and_lets_the_next_in() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(0).unwrap();
    let (first, second) = (Watched::new(), Watched::new());
    let mut quitter = Box::pin(sender.send(1));
    let mut stayer = Box::pin(sender.send(2));
    assert!(first.poll(quitter.as_mut()).is_pending());
    assert!(second.poll(stayer.as_mut()).is_pending());
    assert_eq!(receiver.try_recv(), Ok(0));
    assert_eq!((first.woken(), second.woken()), (1, 0));
    drop(quitter);
    assert_eq!((first.kept(), second.woken()), (0, 1));
    assert_eq!(ready(stayer.as_mut()), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
}

/// Semantics 81: those who wait for a place get it in order, also when they reserve.
#[test]
fn places_are_given_in_order() {
    let (sender, mut receiver) = mpsc::channel(1);
    sender.try_send(0).unwrap();
    let mut one = pin!(sender.send(1));
    let mut two = pin!(sender.reserve());
    let mut three = pin!(sender.clone().reserve_owned());
    assert!(poll(one.as_mut()).is_pending());
    assert!(poll(two.as_mut()).is_pending());
    assert!(poll(three.as_mut()).is_pending());
    assert_eq!(receiver.try_recv(), Ok(0));
    assert!(poll(three.as_mut()).is_pending());
    assert!(poll(two.as_mut()).is_pending());
    assert_eq!(ready(one.as_mut()), Ok(()));
    assert_eq!(receiver.try_recv(), Ok(1));
    ready(two.as_mut()).unwrap().send(2);
    assert_eq!(receiver.try_recv(), Ok(2));
    let sender = ready(three.as_mut()).unwrap().send(3);
    assert_eq!((receiver.try_recv(), sender.capacity()), (Ok(3), 1));
}

/// Semantics 26 and 27, for places.
#[test]
fn who_reserves_many_is_not_overtaken_and_holds_nothing() {
    let (sender, mut receiver) = mpsc::channel(4);
    for message in 0..4 {
        sender.try_send(message).unwrap();
    }
    let (heavy, light) = (Watched::new(), Watched::new());
    let mut many = Box::pin(sender.reserve_many(3));
    let mut one = pin!(sender.send(9));
    assert!(heavy.poll(many.as_mut()).is_pending());
    assert!(light.poll(one.as_mut()).is_pending());
    for message in 0..2 {
        assert_eq!(receiver.try_recv(), Ok(message));
        assert_eq!(sender.capacity(), message + 1);
        assert_eq!(sender.try_send(8), Err(TrySendError::Full(8)), "it is barred");
    }
    assert_eq!((heavy.woken(), light.woken()), (0, 0));
    assert_eq!(receiver.try_recv(), Ok(2));
    assert_eq!((heavy.woken(), light.woken(), sender.capacity()), (1, 0, 0));
    let permits = ready(many.as_mut()).unwrap();
    assert_eq!((permits.len(), sender.capacity()), (3, 0));
    drop(permits);
    assert_eq!((light.woken(), sender.capacity()), (1, 3));
    assert_eq!(ready(one.as_mut()), Ok(()));

    // A heavy head that goes lets those behind it in.
    assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), [3, 9]);
    let held = sender.try_reserve_many(2).unwrap();
    let mut many = Box::pin(sender.reserve_many(3));
    let light = Watched::new();
    let mut one = Box::pin(sender.reserve());
    let mut two = Box::pin(sender.reserve());
    assert!(poll(many.as_mut()).is_pending());
    assert!(light.poll(one.as_mut()).is_pending());
    assert!(light.poll(two.as_mut()).is_pending());
    drop(held.take(1).collect::<Vec<_>>());
    assert_eq!(light.woken(), 1, "three places are the heavy one's, the fourth is free");
    drop(many);
    assert_eq!(light.woken(), 2);
}

#[test]
fn many_places_are_had_one_by_one() {
    let (sender, mut receiver) = mpsc::channel(5);
    assert!(matches!(ready(pin!(sender.reserve_many(6))), Err(SendError(()))));
    assert!(sender.try_reserve_many(6).is_err());
    assert_eq!(sender.try_reserve_many(0).unwrap().len(), 0);
    let mut permits = ready(pin!(sender.reserve_many(5))).unwrap();
    assert_eq!((permits.size_hint(), sender.capacity()), ((5, Some(5)), 0));
    permits.next().unwrap().send(1);
    let kept = permits.next().unwrap();
    drop(permits);
    assert_eq!((sender.capacity(), receiver.max_capacity()), (3, 5));
    kept.send(2);
    assert_eq!([(); 2].map(|()| receiver.try_recv().unwrap()), [1, 2]);
    assert_eq!(receiver.capacity(), 5);
}

/// Semantics 84.
#[test]
fn when_the_receiver_goes_senders_get_their_messages_back() {
    let (sender, mut receiver) = mpsc::channel(1);
    let token = Arc::new(());
    sender.try_send(token.clone()).unwrap();
    let watched = Watched::new();
    let mut send = pin!(sender.send(token.clone()));
    let mut reserve = pin!(sender.reserve());
    let mut closed = pin!(sender.closed());
    assert!(watched.poll(send.as_mut()).is_pending());
    assert!(watched.poll(reserve.as_mut()).is_pending());
    assert!(watched.poll(closed.as_mut()).is_pending());
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(receiver.poll_recv(&mut cx), Poll::Ready(Some(token.clone())));
    assert_eq!(watched.woken(), 1);
    drop(receiver);
    assert_eq!((watched.woken(), watched.kept()), (3, 0));
    assert_eq!(ready(send.as_mut()), Err(SendError(token.clone())));
    assert!(ready(reserve.as_mut()).is_err());
    ready(closed.as_mut());
    assert!(sender.is_closed());
    assert_eq!(sender.try_send(token.clone()), Err(TrySendError::Closed(token)));
}

/// The third shape of the sweep: tokio#2854 and its like.
#[test]
fn a_permit_that_comes_back_after_closing_wakes_the_receiver() {
    type Give = fn(mpsc::Sender<u32>) -> Box<dyn FnOnce()>;
    let ways: [Give; 5] = [
        |sender| {
            let permit = sender.try_reserve_owned().unwrap();
            Box::new(move || drop(permit))
        },
        |sender| {
            let permit = sender.try_reserve_owned().unwrap();
            Box::new(move || drop(permit.release()))
        },
        |sender| {
            let sender = Box::leak(Box::new(sender));
            let permits = sender.try_reserve_many(2).unwrap();
            Box::new(move || drop(permits))
        },
        |sender| {
            let sender = Box::leak(Box::new(sender));
            let permit = sender.try_reserve().unwrap();
            Box::new(move || drop(permit))
        },
        |sender| {
            // A place that was held for a waiter, who goes: it has looked in vain too often.
            let sender = Box::leak(Box::new(sender));
            let permits: Vec<_> = sender.try_reserve_many(3).unwrap().collect();
            let mut reserve = Box::pin(sender.reserve_many(2));
            assert!(poll(reserve.as_mut()).is_pending());
            drop(permits);
            Box::new(move || drop(reserve))
        },
    ];
    for give in ways {
        let (sender, mut receiver) = mpsc::channel(3);
        let back = give(sender.clone());
        receiver.close();
        let watched = Watched::new();
        let mut recv = pin!(receiver.recv());
        assert!(watched.poll(recv.as_mut()).is_pending(), "a permit is out");
        back();
        assert_eq!((watched.woken(), ready(recv.as_mut())), (1, None));
        drop(sender);
    }
}

#[test]
fn a_permit_outlives_closing() {
    let (sender, mut receiver) = mpsc::channel(2);
    let permit = sender.try_reserve().unwrap();
    let last = sender.try_reserve().unwrap();
    receiver.close();
    assert!(receiver.is_closed() && sender.try_send(0).is_err());
    permit.send(1);
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    let token_gone = {
        drop(last);
        receiver.try_recv()
    };
    assert_eq!(token_gone, Err(TryRecvError::Disconnected));

    let (sender, receiver) = mpsc::channel(1);
    let (permit, token) = (sender.try_reserve().unwrap(), Arc::new(()));
    drop(receiver);
    permit.send(token.clone());
    assert_eq!(Arc::strong_count(&token), 1, "nobody will get it");
}

/// A permit that is forgotten holds its place for ever, and nothing else.
#[test]
fn a_forgotten_permit_does_not_hide_the_end() {
    let (sender, mut receiver) = mpsc::channel::<u32>(2);
    std::mem::forget(sender.try_reserve().unwrap());
    sender.try_send(1).unwrap();
    assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
    drop(sender);
    assert_eq!(ready(pin!(receiver.recv())), Some(1));
    assert_eq!(ready(pin!(receiver.recv())), None);
}

/// Semantics 85 and 86.
#[test]
fn handles_are_counted() {
    let (sender, receiver) = mpsc::channel::<u32>(1);
    let (free, freely) = mpsc::unbounded_channel::<u32>();
    let (weak, weak_free) = (sender.downgrade(), free.downgrade());
    assert_eq!((weak.strong_count(), weak_free.strong_count()), (1, 1));
    let more = (sender.clone(), free.clone(), weak.clone(), weak_free.clone());
    assert_eq!((receiver.sender_strong_count(), receiver.sender_weak_count()), (2, 2));
    assert_eq!((freely.sender_strong_count(), freely.sender_weak_count()), (2, 2));
    assert!(more.0.same_channel(&sender) && more.1.same_channel(&free));
    drop(more);
    assert_eq!((sender.strong_count(), sender.weak_count()), (1, 1));
    assert_eq!((free.strong_count(), free.weak_count()), (1, 1));
    drop(weak.upgrade().unwrap());
    drop((sender, free));
    assert!(weak.upgrade().is_none() && weak_free.upgrade().is_none());
    assert!(receiver.is_closed() && freely.is_closed());
}

#[test]
fn many_are_received_at_once() {
    let (sender, mut receiver) = mpsc::channel(4);
    let mut buffer = vec![0];
    assert_eq!(ready(pin!(receiver.recv_many(&mut buffer, 0))), 0);
    let watched = Watched::new();
    {
        let mut waiting = pin!(receiver.recv_many(&mut buffer, 9));
        assert!(watched.poll(waiting.as_mut()).is_pending());
        for message in 1..=4 {
            sender.try_send(message).unwrap();
        }
        assert_eq!((watched.woken(), ready(waiting.as_mut())), (1, 4));
    }
    let mut cx = Context::from_waker(Waker::noop());
    assert!(receiver.poll_recv_many(&mut cx, &mut buffer, 9).is_pending());
    drop(sender);
    assert_eq!(receiver.poll_recv_many(&mut cx, &mut buffer, 9), Poll::Ready(0));
    assert_eq!(receiver.blocking_recv_many(&mut buffer, 9), 0);
    assert_eq!(buffer, [0, 1, 2, 3, 4]);
}

/// What a batch frees goes to those who wait, all of them.
#[test]
fn a_batch_calls_as_many_as_it_makes_room_for() {
    let (sender, mut receiver) = mpsc::channel(70);
    let watched = Watched::new();
    for message in 0..70 {
        sender.try_send(message).unwrap();
    }
    let mut sends: Vec<Pin<Box<Send<'_, i32>>>> =
        (0..80).map(|n| Box::pin(sender.send(n))).collect();
    assert!(sends.iter_mut().all(|send| watched.poll(send.as_mut()).is_pending()));
    assert_eq!(ready(pin!(receiver.recv_many(&mut Vec::new(), 100))), 70);
    assert_eq!(watched.woken(), 70);
}

#[test]
fn threads_send_and_receive() {
    let (sender, mut receiver) = mpsc::channel(1);
    let producers = [0, 1].map(|who| {
        let sender = sender.clone();
        thread::spawn(move || {
            for n in 0..300 {
                sender.blocking_send((who, n)).unwrap();
            }
        })
    });
    drop(sender);
    let mut next = [0, 0];
    while let Some((who, n)) = receiver.blocking_recv() {
        assert_eq!(n, next[who]);
        next[who] += 1;
    }
    assert_eq!(next, [300, 300]);
    for producer in producers {
        producer.join().unwrap();
    }
}

#[test]
fn a_channel_without_places_is_refused() {
    assert!(panics(|| drop(mpsc::channel::<()>(0))));
    let (sender, _receiver) = mpsc::channel(usize::MAX);
    sender.try_send(1).unwrap();
}

#[test]
fn polling_after_completion_panics() {
    let (sender, mut receiver) = mpsc::channel(1);
    let mut send = pin!(sender.send(1));
    ready(send.as_mut()).unwrap();
    assert!(panics(|| _ = poll(send.as_mut())));
    let mut recv = pin!(receiver.recv());
    ready(recv.as_mut()).unwrap();
    assert!(panics(|| _ = poll(recv.as_mut())));
    let mut reserve = pin!(sender.reserve_many(1));
    drop(ready(reserve.as_mut()).unwrap());
    assert!(panics(|| _ = poll(reserve.as_mut()).is_ready()));
}

/// The receiver's waker: replaced when it changes, cloned once a wait, woken once a call.
#[test]
fn the_receivers_waker_is_kept_once() {
    let (sender, mut receiver) = mpsc::channel(4);
    let (spy, waker) = Spy::new(|_| ());
    let mut cx = Context::from_waker(&waker);
    assert!(receiver.poll_recv(&mut cx).is_pending());
    assert_eq!(spy.seen()[1], 0);
    sender.try_send(1).unwrap();
    sender.try_send(2).unwrap();
    assert_eq!(spy.seen()[1], 1);
    assert_eq!(receiver.poll_recv(&mut cx), Poll::Ready(Some(1)));
    assert_eq!(receiver.poll_recv(&mut cx), Poll::Ready(Some(2)));
    assert!(receiver.poll_recv(&mut cx).is_pending());
    let new = Watched::new();
    assert!(new.poll(pin!(std::future::poll_fn(|cx| receiver.poll_recv(cx)))).is_pending());
    sender.try_send(3).unwrap();
    assert_eq!((spy.seen()[1], new.woken()), (1, 1));
    drop(waker);
    assert_eq!(Arc::strong_count(&spy), 1, "the old one is not kept");
}

#[test]
fn a_message_survives_a_waker_that_panics() {
    let (sender, mut receiver) = mpsc::channel(1);
    let bad = Meddler::waker(|| panic!("on purpose"), || ());
    assert!(receiver.poll_recv(&mut Context::from_waker(&bad)).is_pending());
    assert!(panics(|| _ = sender.try_send(1)));
    assert_eq!(receiver.try_recv(), Ok(1), "sent all the same");
    sender.try_send(2).unwrap();
    let mut send = pin!(sender.send(3));
    assert!(send.as_mut().poll_with(&bad).is_pending());
    assert!(panics(|| _ = receiver.try_recv()));
    assert_eq!(receiver.try_recv(), Ok(2), "what could not be handed out is still there");
}

/// Memory: what a burst of a million took is given back, and as many are dropped in a loop.
#[test]
fn a_burst_is_given_back_and_nothing_recurses() {
    const MANY: usize = 1_000_000;
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let grown = growth(|| {
        for message in 0..MANY {
            sender.send(message).unwrap();
        }
        for message in 0..MANY {
            assert_eq!(receiver.try_recv(), Ok(message));
        }
    });
    assert!((0..=2).contains(&grown), "{grown} blocks are kept");

    let drops = Arc::new(AtomicUsize::new(0));
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
        }
    }
    let left = growth(|| {
        let (sender, receiver) = mpsc::unbounded_channel();
        for _ in 0..MANY {
            assert!(sender.send(Counted(drops.clone())).is_ok());
        }
        drop(receiver);
        drop(sender);
    });
    assert_eq!((drops.load(SeqCst), left), (MANY, 0));
}

/// 300,000 channels that are idle, on the whole: less than 200 bytes each, in one allocation.
#[test]
fn idle_channels_are_small() {
    use selvedge::channel::{mpmc, oneshot};

    const MANY: usize = 300_000;
    fn idle<C>(what: &str, make: impl Fn() -> C) {
        let mut channels = Vec::with_capacity(MANY);
        let mut made = 0;
        let bytes = bytes(|| {
            made = allocations(|| channels.extend((0..MANY).map(|_| make())));
        });
        println!("{what}: {} bytes each", bytes / MANY);
        assert!(bytes < 200 * MANY && made == MANY, "{what}: {bytes} bytes, {made} allocations");
    }
    idle("mpsc", || mpsc::channel::<[u64; 4]>(1000));
    idle("mpsc, unbounded", mpsc::unbounded_channel::<[u64; 4]>);
    idle("mpmc", || mpmc::bounded::<[u64; 4]>(1000));
    idle("mpmc, a rendezvous", mpmc::rendezvous::<[u64; 4]>);
    idle("oneshot", oneshot::channel::<[u64; 4]>);
}

#[test]
fn a_send_has_a_deadline() {
    let (sender, mut receiver) = mpsc::channel(1);
    let sent = pollster::block_on(sender.send_timeout(1, Duration::ZERO));
    assert_eq!(sent, Ok(()));
    let late = pollster::block_on(sender.send_timeout(2, Duration::from_millis(1)));
    assert_eq!(late, Err(SendTimeoutError::Timeout(2)));
    let mut send = Box::pin(sender.send_timeout(3, Duration::MAX));
    assert!(poll(send.as_mut()).is_pending());
    assert_eq!(receiver.try_recv(), Ok(1));
    assert_eq!(ready(send.as_mut()), Ok(()));
    let mut send = Box::pin(sender.send_timeout(4, Duration::MAX));
    assert!(poll(send.as_mut()).is_pending());
    receiver.close();
    assert_eq!(ready(send.as_mut()), Err(SendTimeoutError::Closed(4)));
    assert_eq!((receiver.try_recv(), receiver.try_recv().is_err()), (Ok(3), true));
}

/// Receivers are streams, senders turn into sinks.
#[test]
fn streams_and_sinks() {
    use futures::{SinkExt, StreamExt, sink::Sink, stream};

    pollster::block_on(async {
        let (sender, mut receiver) = mpsc::channel(2);
        let mut sink = sender.into_sink();
        sink.send(1).await.unwrap();
        sink.feed(2).await.unwrap();
        assert!(poll(pin!(sink.feed(3))).is_pending());
        assert_eq!(receiver.next().await, Some(1));
        sink.feed(3).await.unwrap();
        sink.close().await.unwrap();
        assert_eq!(sink.send(4).await.unwrap_err().into_inner(), None);
        assert_eq!(receiver.collect::<Vec<_>>().await, [2, 3]);

        let (sender, receiver) = mpsc::unbounded_channel();
        stream::iter(0..9).map(Ok).forward(sender.into_sink()).await.unwrap();
        assert_eq!(receiver.collect::<Vec<_>>().await, Vec::from_iter(0..9));
    });

    // A place that a sink holds, or waits for, goes back with it.
    let (sender, receiver) = mpsc::channel::<u32>(1);
    let (mut one, mut two) = (sender.clone().into_sink(), sender.clone().into_sink());
    let (watched, mut cx) = (Watched::new(), Context::from_waker(Waker::noop()));
    assert!(Pin::new(&mut one).poll_ready(&mut cx).is_ready());
    let mut waits = pin!(std::future::poll_fn(|cx| Pin::new(&mut two).poll_ready(cx)));
    assert!(watched.poll(waits.as_mut()).is_pending());
    assert_eq!(sender.capacity(), 0);
    drop(one);
    assert_eq!((watched.woken(), sender.capacity()), (1, 1));
    drop(two);
    assert_eq!(watched.kept(), 0);
    drop(receiver);
}

/// A channel of two places, both held.
struct Full {
    sender: mpsc::Sender<u8>,
    receiver: std::sync::Mutex<mpsc::Receiver<u8>>,
    held: std::sync::Mutex<Vec<mpsc::OwnedPermit<u8>>>,
}

impl Full {
    fn new() -> Self {
        let (sender, receiver) = mpsc::channel(2);
        let held = (0..2).map(|_| sender.clone().try_reserve_owned().unwrap()).collect();
        Self { sender, receiver: receiver.into(), held: std::sync::Mutex::new(held) }
    }

    fn give(&self, places: usize) {
        let held: Vec<_> = self.held.lock().unwrap().drain(..places).collect();
        drop(held);
    }

    fn is_free(&self, places: usize) -> bool {
        let seen = self.sender.statistics();
        (seen.held, seen.waiting_senders) == (2 - places, 0)
    }
}

pub(crate) fn sweep(report: Report<'_>) {
    Swept::<Full> {
        name: "mpsc::Reserve",
        make: Full::new,
        wait: |full| {
            let full = full.clone();
            Box::pin(async move { full.sender.reserve().await.is_ok() })
        },
        free: |full| full.give(1),
        waiting: |full| full.sender.statistics().waiting_senders,
        is_free: |full| full.is_free(1),
        close: Some(|full| full.receiver.lock().unwrap().close()),
    }
    .sweep(report);
    Swept::<Full> {
        name: "mpsc::ReserveOwned",
        make: Full::new,
        wait: |full| {
            let full = full.clone();
            Box::pin(async move { full.sender.clone().reserve_owned().await.is_ok() })
        },
        free: |full| full.give(1),
        waiting: |full| full.sender.statistics().waiting_senders,
        is_free: |full| full.is_free(1),
        close: Some(|full| full.receiver.lock().unwrap().close()),
    }
    .sweep(report);
    Swept::<Full> {
        name: "mpsc::ReserveMany",
        make: Full::new,
        wait: |full| {
            let full = full.clone();
            Box::pin(async move { full.sender.reserve_many(2).await.is_ok() })
        },
        free: |full| full.give(2),
        waiting: |full| full.sender.statistics().waiting_senders,
        is_free: |full| full.is_free(2),
        close: Some(|full| full.receiver.lock().unwrap().close()),
    }
    .sweep(report);
    Swept::<(mpsc::Sender<u8>, Shared)> {
        name: "mpsc::Send",
        make: || {
            let (sender, receiver) = mpsc::channel(1);
            sender.try_send(0).unwrap();
            (sender, (Some(receiver), 0).into())
        },
        wait: |ends| {
            let ends = ends.clone();
            Box::pin(async move { ends.0.send(1).await.is_ok() && receive(&ends.1) })
        },
        free: |ends| crate::mpmc::receive_again(|| receive(&ends.1)),
        waiting: |ends| ends.0.statistics().waiting_senders,
        is_free: |ends| {
            let seen = ends.0.statistics();
            (seen.len, seen.held, seen.waiting_senders) == (0, 0, 0)
        },
        close: Some(|ends| ends.1.lock().unwrap().0.as_mut().unwrap().close()),
    }
    .sweep(report);
    Swept::<Full> {
        name: "mpsc::SenderSink",
        make: Full::new,
        wait: |full| {
            let (open, mut sink) = (full.clone(), full.sender.clone().into_sink());
            Box::pin(async move {
                let _open = open;
                poll_fn(|cx| Pin::new(&mut sink).poll_ready(cx)).await.is_ok()
            })
        },
        free: |full| full.give(1),
        waiting: |full| full.sender.statistics().waiting_senders,
        is_free: |full| full.is_free(1),
        close: Some(|full| full.receiver.lock().unwrap().close()),
    }
    .sweep(report);
    // One receiver alone may wait, so each has a channel of its own.
    let receives = |name, wait: fn(&Arc<Doors<mpsc::Sender<u8>>>) -> Waiting| Swept {
        name,
        // Whoever gives up meanwhile passes its turn on.
        make: || Doors::new(|sender: &mut mpsc::Sender<u8>| _ = sender.try_send(1)),
        wait,
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    };
    receives("mpsc::Recv", |doors| {
        let (sender, mut receiver) = mpsc::channel(1);
        doors.wait(sender, async move { receiver.recv().await == Some(1) })
    })
    .sweep(report);
    receives("mpsc::RecvMany", |doors| {
        let (sender, mut receiver) = mpsc::channel(1);
        doors.wait(sender, async move {
            let mut buffer = Vec::with_capacity(1);
            receiver.recv_many(&mut buffer, 1).await == 1
        })
    })
    .sweep(report);
    receives("mpsc::Receiver as Stream", |doors| {
        let (sender, mut receiver) = mpsc::channel(1);
        doors.wait(sender, async move { receiver.next().await == Some(1) })
    })
    .sweep(report);
    Swept {
        name: "mpsc::Closed",
        make: || Doors::new(mpsc::Receiver::<u8>::close),
        wait: |doors| {
            let (sender, receiver) = mpsc::channel(1);
            doors.wait(receiver, async move {
                sender.closed().await;
                sender.is_closed()
            })
        },
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    }
    .sweep(report);
}

/// The receiver, unless somebody has it in hand, and how many messages he is to receive as well.
type Shared = std::sync::Mutex<(Option<mpsc::Receiver<u8>>, usize)>;

/// Receives with the receiver in hand, not under a lock: a waker that comes back for it leaves its
/// message to whoever has it.
fn receive(shared: &Shared) -> bool {
    struct InHand<'a>(Option<mpsc::Receiver<u8>>, &'a Shared);
    impl Drop for InHand<'_> {
        fn drop(&mut self) {
            let mut shared = self.1.lock().unwrap();
            while shared.1 > 0 {
                shared.1 -= 1;
                drop(shared);
                assert!(self.0.as_mut().unwrap().try_recv().is_ok());
                shared = self.1.lock().unwrap();
            }
            shared.0 = self.0.take();
        }
    }
    let mut lock = shared.lock().unwrap();
    let Some(receiver) = lock.0.take() else {
        lock.1 += 1;
        return true;
    };
    drop(lock);
    InHand(Some(receiver), shared).0.as_mut().unwrap().try_recv().is_ok()
}
