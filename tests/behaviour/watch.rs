//! A watch, polled by hand.

use std::{
    future::Future,
    mem,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    task::{Context, Poll},
    thread,
};

use futures_lite::{Stream, StreamExt};
use selvedge::channel::watch::{self, Receiver, Sender};

use crate::{
    harness::{Meddler, PollWith, Spy, Watched, allocations, growth, panics, poll, ready},
    sweep::{Report, Swept, Waiting},
};

/// Semantics 96.
#[test]
fn only_the_last_value_counts() {
    let (tx, mut rx) = watch::channel(0);
    assert!(!rx.has_changed().unwrap());
    for value in 1..=5 {
        tx.send(value).unwrap();
    }
    assert!(rx.has_changed().unwrap());
    assert_eq!(ready(pin!(rx.changed())), Ok(()));
    assert_eq!(*rx.borrow_and_update(), 5);
    assert!(poll(pin!(rx.changed())).is_pending());
}

/// Semantics 96.
#[test]
fn a_value_sent_between_two_waits_is_seen() {
    let (tx, mut rx) = watch::channel(0);
    assert!(poll(pin!(rx.changed())).is_pending());
    tx.send(1).unwrap();
    assert_eq!(ready(pin!(rx.changed())), Ok(()));
    assert!(poll(pin!(rx.changed())).is_pending());
    assert_eq!(*rx.borrow(), 1);
}

/// Semantics 96.
#[test]
fn a_cancelled_wait_loses_nothing() {
    let (tx, mut rx) = watch::channel(0);
    let watched = Watched::new();
    {
        let mut changed = pin!(rx.changed());
        assert!(watched.poll(changed.as_mut()).is_pending());
        tx.send(1).unwrap();
        assert_eq!(watched.woken(), 1);
    }
    assert!(rx.has_changed().unwrap());
    assert_eq!(ready(pin!(rx.changed())), Ok(()));
    assert_eq!(watched.kept(), 0);
}

#[test]
fn every_receiver_is_woken_and_sees_for_itself() {
    let (tx, rx) = watch::channel(0);
    for n in [1, 31, 32, 33, 64, 65, 200] {
        let mut receivers: Vec<_> = (0..n).map(|_| rx.clone()).collect();
        for rx in &mut receivers {
            rx.mark_unchanged();
        }
        let watched = Watched::new();
        let mut waits: Vec<_> = receivers.iter_mut().map(|rx| Box::pin(rx.changed())).collect();
        for wait in &mut waits {
            assert!(watched.poll(wait.as_mut()).is_pending());
        }
        tx.send(n).unwrap();
        assert_eq!((watched.woken(), watched.kept()), (n, 0));
        assert!(waits.iter_mut().all(|wait| ready(wait.as_mut()).is_ok()));
    }
}

#[test]
fn the_end_comes_after_the_last_value() {
    let (tx, mut rx) = watch::channel(0);
    let other = tx.clone();
    assert_eq!(tx.sender_count(), 2);
    let watched = Watched::new();
    {
        let mut changed = Box::pin(rx.changed());
        assert!(watched.poll(changed.as_mut()).is_pending());
        drop(tx);
        assert_eq!(watched.woken(), 0);
        other.send(1).unwrap();
        drop(other);
        assert_eq!(ready(changed.as_mut()), Ok(()));
    }
    assert!(rx.is_closed() && rx.has_changed().is_err());
    assert_eq!(*rx.borrow(), 1);
    let error = ready(pin!(rx.changed())).unwrap_err();
    assert_eq!(error.to_string(), "the channel is closed");
    let (tx, mut rx) = watch::channel(0);
    let mut changed = Box::pin(rx.changed());
    assert!(watched.poll(changed.as_mut()).is_pending());
    drop(tx);
    assert_eq!((watched.woken(), watched.kept()), (2, 0));
    assert!(ready(changed.as_mut()).is_err());
}

#[test]
fn a_channel_without_receivers_gives_the_value_back() {
    let (tx, rx) = watch::channel(0);
    let watched = Watched::new();
    let mut closed = Box::pin(tx.closed());
    assert!(watched.poll(closed.as_mut()).is_pending());
    let other = rx.clone();
    drop(rx);
    assert_eq!(watched.woken(), 0);
    drop(other);
    assert_eq!((watched.woken(), watched.kept()), (1, 0));
    // Somebody comes before the task looks.
    let rx = tx.subscribe();
    assert!(watched.poll(closed.as_mut()).is_pending());
    drop(rx);
    ready(closed.as_mut());
    drop(closed);
    assert_eq!(tx.send(1).unwrap_err().0, 1);
    assert_eq!((tx.send_replace(2), *tx.borrow()), (0, 2));
    assert!(tx.is_closed());
    ready(pin!(tx.closed()));
    let rx = tx.subscribe();
    assert!(!rx.has_changed().unwrap() && tx.receiver_count() == 1);
    tx.send(3).unwrap();
    assert!(rx.has_changed().unwrap());
}

/// A reader holds a writer up for no longer than it takes to count it.
#[test]
fn a_look_does_not_hold_senders_up() {
    let (tx, mut rx) = watch::channel(String::from("old"));
    let look = rx.borrow_and_update();
    tx.send(String::from("new")).unwrap();
    tx.send(String::from("newer")).unwrap();
    assert_eq!((look.as_str(), look.has_changed()), ("old", false));
    drop(look);
    assert_eq!(*rx.borrow(), "newer");
    assert!(rx.borrow().has_changed());
    assert!(rx.has_changed().unwrap());
}

/// What has to have the value for itself waits for those that look, and no longer.
#[test]
fn changes_in_place_wait_for_looks() {
    let (tx, rx) = watch::channel(vec![1]);
    let (looks, seen) = mpsc::channel();
    let reader = thread::spawn(move || {
        let look = rx.borrow();
        looks.send(()).unwrap();
        for _ in 0..1000 {
            thread::yield_now();
        }
        assert_eq!(*look, [1]);
        drop(look);
        rx
    });
    seen.recv().unwrap();
    tx.send_modify(|value| value.push(2));
    assert_eq!(*reader.join().unwrap().borrow(), [1, 2]);

    let rx = tx.subscribe();
    let (looks, seen) = mpsc::channel();
    let reader = thread::spawn(move || {
        let look = rx.borrow();
        looks.send(()).unwrap();
        for _ in 0..1000 {
            thread::yield_now();
        }
        assert_eq!(*look, [1, 2]);
    });
    seen.recv().unwrap();
    assert_eq!(tx.send_replace(vec![3]), [1, 2]);
    reader.join().unwrap();
}

#[test]
fn readers_writers_and_changers_mix() {
    let (tx, rx) = watch::channel([0_u64; 2]);
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let mut rx = rx.clone();
            thread::spawn(move || {
                let mut last = 0;
                while pollster::block_on(rx.changed()).is_ok() {
                    let look = rx.borrow_and_update();
                    assert!(look[0] == look[1] && look[0] >= last);
                    last = look[0];
                }
                last
            })
        })
        .collect();
    for _ in 0..500 {
        tx.send_modify(|value| {
            value[0] += 1;
            value[1] += 1;
        });
        let next = tx.borrow()[0] + 1;
        tx.send([next; 2]).unwrap();
        assert_eq!(tx.send_replace([next + 1; 2]), [next; 2]);
    }
    drop(tx);
    for reader in readers {
        assert_eq!(reader.join().unwrap(), 1500);
    }
}

#[test]
fn closures_and_predicates_that_panic_cost_nothing() {
    let (tx, mut rx) = watch::channel(1);
    let watched = Watched::new();
    {
        let mut changed = pin!(rx.changed());
        assert!(watched.poll(changed.as_mut()).is_pending());
        assert!(panics(|| tx.send_modify(|value| {
            *value = 2;
            panic!("on purpose");
        })));
        assert_eq!(watched.woken(), 0);
    }
    assert_eq!((*tx.borrow(), *rx.borrow(), rx.has_changed()), (2, 2, Ok(false)));
    assert!(panics(|| drop(poll(pin!(rx.wait_for(|_| panic!("on purpose")))))));
    tx.send(3).unwrap();
    assert_eq!(ready(pin!(rx.changed())), Ok(()));
    tx.send_modify(|value| *value += 1);
    assert_eq!(*ready(pin!(rx.wait_for(|value| *value == 4))).unwrap(), 4);

    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }
    let (tx, rx) = watch::channel(Some(Bomb));
    assert!(panics(|| drop(tx.send(None))));
    assert!(rx.borrow().is_none() && rx.has_changed().unwrap());
    tx.send(None).unwrap_or_else(|_| panic!("there is a receiver"));
}

/// Values and predicates that use the channel while they run.
#[test]
fn other_peoples_code_may_use_the_channel() {
    type Ends<T> = (Sender<T>, Receiver<T>);
    struct Nosy(Option<Ends<Option<Nosy>>>);
    impl Drop for Nosy {
        fn drop(&mut self) {
            if let Some((tx, rx)) = self.0.take() {
                assert!(rx.borrow().is_none() && tx.borrow().is_none());
                assert!(tx.send(None).is_ok());
            }
        }
    }
    let (tx, rx) = watch::channel(None);
    assert!(tx.send(Some(Nosy(Some((tx.clone(), rx.clone()))))).is_ok());
    assert!(tx.send(None).is_ok());

    let (tx, mut rx) = watch::channel(0);
    let other = rx.clone();
    let found = ready(pin!(rx.wait_for(|value| {
        let _ = (tx.send(value + 1), *other.borrow(), tx.subscribe());
        *value == 10
    })));
    assert!(matches!(found, Ok(value) if *value == 10));
}

#[test]
fn wait_for_looks_at_what_is_there_first() {
    let (tx, mut rx) = watch::channel(1);
    {
        let found = ready(pin!(rx.wait_for(|value| *value == 1))).unwrap();
        assert!(!found.has_changed());
    }
    let watched = Watched::new();
    {
        let mut wait = pin!(rx.wait_for(|value| *value == 3));
        assert!(watched.poll(wait.as_mut()).is_pending());
        tx.send(2).unwrap();
        assert!(watched.poll(wait.as_mut()).is_pending());
        tx.send(3).unwrap();
        assert_eq!(watched.woken(), 2);
        assert!(ready(wait.as_mut()).unwrap().has_changed());
        assert!(panics(|| drop(poll(wait.as_mut()))), "polled after completion");
    }
    assert_eq!(rx.has_changed(), Ok(false));
    let mut wait = Box::pin(rx.wait_for(|value| *value == 9));
    assert!(watched.poll(wait.as_mut()).is_pending());
    tx.send(4).unwrap();
    drop(tx);
    assert!(ready(wait.as_mut()).is_err(), "the last value is looked at, and refused");
}

#[test]
fn marks_move_what_was_seen() {
    let (tx, mut rx) = watch::channel(1);
    rx.mark_changed();
    assert!(rx.has_changed().unwrap() && rx.borrow().has_changed());
    assert_eq!(ready(pin!(rx.changed())), Ok(()));
    tx.send(2).unwrap();
    rx.mark_unchanged();
    assert!(!rx.has_changed().unwrap());
    let other = rx.clone();
    assert!(other.same_channel(&rx) && tx.same_channel(&tx.clone()));
    assert!(!rx.same_channel(&watch::channel(1).1) && !tx.same_channel(&Sender::default()));
}

#[test]
fn a_stream_yields_what_is_newest() {
    let (tx, rx) = watch::channel(1);
    let mut stream = pin!(rx.into_stream());
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut next = || stream.as_mut().poll_next(&mut cx);
    assert_eq!(next(), Poll::Ready(Some(1)));
    assert_eq!(next(), Poll::Pending);
    tx.send(2).unwrap();
    tx.send(3).unwrap();
    assert_eq!((next(), next()), (Poll::Ready(Some(3)), Poll::Pending));
    tx.send(4).unwrap();
    drop(tx);
    assert_eq!((next(), next()), (Poll::Ready(Some(4)), Poll::Ready(None)));
}

#[test]
fn neither_sending_nor_looking_nor_waiting_allocates() {
    let (tx, mut rx) = watch::channel(1);
    let count = allocations(|| {
        for value in 0..100 {
            let mut changed = pin!(rx.changed());
            assert!(poll(changed.as_mut()).is_pending());
            tx.send(value).unwrap();
            assert!(poll(changed.as_mut()).is_ready());
            drop(tx.borrow());
        }
    });
    assert_eq!(count, 0);
    let grown = growth(|| {
        for _ in 0..100 {
            let look = tx.borrow();
            tx.send(7).unwrap();
            drop(look);
        }
    });
    assert_eq!(grown, 0);
}

#[test]
fn a_forgotten_look_keeps_its_value_alone() {
    let (tx, rx) = watch::channel(1);
    mem::forget(rx.borrow());
    tx.send(2).unwrap();
    tx.send_modify(|value| *value += 1);
    assert_eq!(*rx.borrow(), 3);
}

#[test]
fn wakers_that_panic_or_look_on_cost_the_others_nothing() {
    let (tx, mut rx) = watch::channel(0);
    let (mut bad, mut nosy) = (rx.clone(), rx.clone());
    let inside = tx.clone();
    let (spy, waker) = Spy::new(move |_| drop((inside.subscribe(), inside.send_replace(9))));
    let panicking = Meddler::waker(|| panic!("on purpose"), || ());
    let mut first = Box::pin(bad.changed());
    let mut second = Box::pin(nosy.changed());
    let mut third = Box::pin(rx.changed());
    let watched = Watched::new();
    assert!(first.as_mut().poll_with(&panicking).is_pending());
    assert!(watched.poll(third.as_mut()).is_pending());
    assert!(panics(|| _ = tx.send(1)));
    assert_eq!(watched.woken(), 1);
    assert!(second.as_mut().poll_with(&waker).is_ready());
    assert!(ready(first.as_mut()).is_ok() && ready(third.as_mut()).is_ok());
    drop((second, waker));
    assert_eq!(spy.seen(), [0, 0, 1]);
}

#[test]
fn debug_shows_the_state() {
    let (tx, rx) = watch::channel(1);
    assert_eq!(format!("{tx:?}"), "Sender { receivers: 1, .. }");
    assert_eq!(format!("{rx:?}"), "Receiver { closed: false, .. }");
    assert_eq!(format!("{:?}", rx.borrow()), "1");
}

/// A channel, with a count of those that wait.
struct Post {
    tx: Sender<u32>,
    waits: Arc<AtomicUsize>,
}

/// A wait that counts while it lives.
struct Counted(Pin<Box<dyn Future<Output = bool> + Send>>, Arc<AtomicUsize>);

impl Future for Counted {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        self.0.as_mut().poll(cx)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_sub(1, SeqCst);
    }
}

fn post() -> Post {
    Post { tx: Sender::new(0), waits: Arc::new(AtomicUsize::new(0)) }
}

fn counted(post: &Post, wait: impl Future<Output = bool> + Send + 'static) -> Waiting {
    post.waits.fetch_add(1, SeqCst);
    Box::pin(Counted(Box::pin(wait), post.waits.clone()))
}

pub(crate) fn sweep(report: Report<'_>) {
    type Row = (&'static str, fn(&Arc<Post>) -> Waiting);
    let rows: [Row; 3] = [
        ("watch::Receiver::changed", |post| {
            let mut rx = post.tx.subscribe();
            counted(post, async move { rx.changed().await.is_ok() })
        }),
        ("watch::Receiver::wait_for", |post| {
            let mut rx = post.tx.subscribe();
            counted(post, async move { rx.wait_for(|value| *value > 0).await.is_ok() })
        }),
        ("watch::Changes", |post| {
            let mut stream = Box::pin(post.tx.subscribe().into_stream());
            assert!(poll(pin!(stream.next())).is_ready(), "the value that is there");
            counted(post, async move { stream.next().await.is_some() })
        }),
    ];
    for (name, wait) in rows {
        Swept {
            name,
            make: post,
            wait,
            free: |post| _ = post.tx.send_replace(1),
            waiting: |post| post.waits.load(SeqCst),
            is_free: |post| post.waits.load(SeqCst) == 0 && *post.tx.borrow() == 1,
            close: None,
        }
        .sweep(report);
    }
    Swept {
        name: "watch::Sender::closed",
        make: || {
            let post = post();
            (std::sync::Mutex::new(Some(post.tx.subscribe())), post)
        },
        wait: |shared| {
            let tx = shared.1.tx.clone();
            counted(&shared.1, async move {
                tx.closed().await;
                true
            })
        },
        free: |shared| {
            let last = shared.0.lock().unwrap().take();
            drop(last);
        },
        waiting: |shared| shared.1.waits.load(SeqCst),
        is_free: |shared| shared.1.waits.load(SeqCst) == 0 && shared.1.tx.is_closed(),
        close: None,
    }
    .sweep(report);
}
