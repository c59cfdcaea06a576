//! `selvedge::channel::mpsc`.

use std::{
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use selvedge::{
    SendTimeoutExt,
    channel::mpsc::{
        self, Send,
        error::{SendError, SendTimeoutError, TryRecvError, TrySendError},
    },
};

use crate::harness::{Meddler, PollWith, Spy, Watched, panics, poll, ready};

mod memory;
mod permits;
mod sweep;

pub(crate) use sweep::sweep;

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
