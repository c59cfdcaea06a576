//! A oneshot, polled by hand.

use std::{
    cell::RefCell,
    mem,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::Poll,
    thread,
};

use selvedge::channel::oneshot::{
    self, Receiver, Sender,
    error::{RecvError, TryRecvError},
};

use crate::{
    harness::{Meddler, PollWith, Spy, Watched, allocations, growth, panics, poll, ready},
    sweep::{Doors, Report, Swept, Waiting},
};

/// A value that counts its drops, and runs other people's code in each.
struct Precious(Box<dyn Fn() + Send + Sync>);

impl Drop for Precious {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn precious() -> (Arc<AtomicUsize>, Precious) {
    let drops = Arc::new(AtomicUsize::new(0));
    let inside = drops.clone();
    (drops, Precious(Box::new(move || _ = inside.fetch_add(1, SeqCst))))
}

/// Semantics 97.
#[test]
fn a_value_for_a_dropped_receiver_comes_back() {
    let (tx, rx) = oneshot::channel();
    drop(rx);
    assert!(tx.is_closed());
    assert_eq!(tx.send(5), Err(5));
    let (mut tx, mut rx) = oneshot::channel();
    rx.close();
    rx.close();
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    ready(pin!(tx.closed()));
    assert_eq!(tx.send(5), Err(5));
}

/// Semantics 97.
#[test]
fn a_dropped_sender_ends_the_receiver() {
    let (tx, mut rx) = oneshot::channel::<u8>();
    let watched = Watched::new();
    assert!(watched.poll(Pin::new(&mut rx)).is_pending());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    drop(tx);
    assert_eq!((watched.woken(), watched.kept()), (1, 0));
    assert_eq!(ready(Pin::new(&mut rx)).unwrap_err().to_string(), "the channel is closed");
    assert!(rx.is_terminated() && rx.is_empty());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert!(panics(|| drop(poll(Pin::new(&mut rx)))), "polled after completion");
}

/// Semantics 97.
#[test]
fn what_was_sent_before_the_closing_is_received() {
    let (tx, mut rx) = oneshot::channel();
    tx.send(5).unwrap();
    rx.close();
    assert!(!rx.is_empty() && !rx.is_terminated());
    assert_eq!(rx.try_recv(), Ok(5));
    assert!(rx.is_empty() && rx.is_terminated());
    let (tx, mut rx) = oneshot::channel();
    tx.send(5).unwrap();
    rx.close();
    assert_eq!(ready(Pin::new(&mut rx)), Ok(5));
}

#[test]
fn a_closed_receiver_is_ready_without_a_value() {
    let (tx, mut rx) = oneshot::channel::<u8>();
    let watched = Watched::new();
    assert!(watched.poll(Pin::new(&mut rx)).is_pending());
    rx.close();
    assert_eq!(watched.kept(), 0, "it waits no more");
    assert!(ready(Pin::new(&mut rx)).is_err());
    drop(tx);
}

/// Values of every size and alignment, the sender's waker having had the room before.
#[test]
fn values_of_every_size_pass() {
    #[derive(Clone, Debug, PartialEq)]
    #[repr(align(128))]
    struct Wide([u64; 40]);

    fn pass<T: Clone + PartialEq + std::fmt::Debug>(value: &T) {
        for waits_for_closing in [false, true] {
            for waits in [false, true] {
                let (mut tx, mut rx) = oneshot::channel();
                if waits_for_closing {
                    assert!(poll(pin!(tx.closed())).is_pending());
                    let noop = std::task::Waker::noop();
                    let cx = &mut std::task::Context::from_waker(noop);
                    assert!(tx.poll_closed(cx).is_pending());
                }
                if waits {
                    assert!(poll(Pin::new(&mut rx)).is_pending());
                }
                assert!(tx.send(value.clone()).is_ok());
                assert_eq!(ready(Pin::new(&mut rx)), Ok(value.clone()));
            }
        }
    }
    pass(&());
    pass(&7_u8);
    pass(&Wide([3; 40]));
    pass(&String::from("weft"));
}

#[test]
fn nothing_is_dropped_twice_or_kept() {
    // Received; dropped with the receiver; sent back; and never sent.
    let (drops, value) = precious();
    let (tx, mut rx) = oneshot::channel();
    assert!(tx.send(value).is_ok());
    let received = ready(Pin::new(&mut rx)).unwrap();
    drop(rx);
    assert_eq!(drops.load(SeqCst), 0);
    drop(received);
    assert_eq!(drops.load(SeqCst), 1);

    let (drops, value) = precious();
    let (tx, rx) = oneshot::channel();
    assert!(tx.send(value).is_ok());
    drop(rx);
    assert_eq!(drops.load(SeqCst), 1);

    let grown = growth(|| {
        for order in [false, true] {
            let (tx, mut rx) = oneshot::channel::<String>();
            assert!(poll(Pin::new(&mut rx)).is_pending());
            if order {
                drop(rx);
                drop(tx);
            } else {
                drop(tx);
                drop(rx);
            }
        }
    });
    assert_eq!(grown, 0);
}

#[test]
fn it_is_one_allocation() {
    let count = allocations(|| {
        let (mut tx, mut rx) = oneshot::channel();
        assert!(poll(pin!(tx.closed())).is_pending());
        assert!(poll(Pin::new(&mut rx)).is_pending());
        tx.send(5).unwrap();
        assert_eq!(ready(Pin::new(&mut rx)), Ok(5));
    });
    assert_eq!(count, 1);
}

#[test]
fn a_cancelled_closed_takes_its_waker_back() {
    let (mut tx, rx) = oneshot::channel::<u8>();
    let watched = Watched::new();
    {
        let mut closed = pin!(tx.closed());
        assert!(watched.poll(closed.as_mut()).is_pending());
        assert!(watched.poll(closed.as_mut()).is_pending());
        assert_eq!(watched.kept(), 1);
    }
    assert_eq!(watched.kept(), 0);
    let mut closed = Box::pin(tx.closed());
    assert!(watched.poll(closed.as_mut()).is_pending());
    drop(rx);
    assert_eq!((watched.woken(), watched.kept()), (1, 0));
    ready(closed.as_mut());
}

#[test]
fn wakers_are_cloned_once_and_replaced_when_they_change() {
    let (mut tx, mut rx) = oneshot::channel::<u8>();
    let (spy, waker) = Spy::new(|_| ());
    for _ in 0..100 {
        assert!(Pin::new(&mut rx).poll_with(&waker).is_pending());
    }
    assert_eq!(spy.seen(), [1, 0, 0]);
    let watched = Watched::new();
    assert!(watched.poll(Pin::new(&mut rx)).is_pending());
    assert_eq!((spy.seen(), watched.kept()), ([1, 0, 1], 1));

    let mut closed = Box::pin(tx.closed());
    for _ in 0..100 {
        assert!(closed.as_mut().poll_with(&waker).is_pending());
    }
    assert_eq!(spy.seen(), [2, 0, 1]);
    assert!(watched.poll(closed.as_mut()).is_pending());
    assert_eq!((spy.seen(), watched.kept()), ([2, 0, 2], 2));
    drop(closed);
    tx.send(1).unwrap();
    assert_eq!((watched.woken(), watched.kept()), (1, 0));
}

/// Each touch of a waker and each drop of a value uses the other end.
#[test]
fn other_peoples_code_may_use_the_other_end() {
    // The waker of the receiver drops it; the value that goes with it looks on.
    let rx = Arc::new(Mutex::new(None::<Receiver<Precious>>));
    let (inside, calls) = (rx.clone(), Arc::new(AtomicUsize::new(0)));
    let waker = Meddler::waker(move || drop(inside.lock().unwrap().take()), || ());
    let (tx, mut receiver) = oneshot::channel();
    assert!(Pin::new(&mut receiver).poll_with(&waker).is_pending());
    *rx.lock().unwrap() = Some(receiver);
    let seen = calls.clone();
    assert!(tx.send(Precious(Box::new(move || _ = seen.fetch_add(1, SeqCst)))).is_ok());
    assert_eq!(calls.load(SeqCst), 1);

    // The waker of the sender drops that in turn, and so does the value of another.
    let other = RefCell::new(Some(oneshot::channel::<Precious>()));
    let (mut tx, rx) = other.take().unwrap();
    let holder = Arc::new(Mutex::new(None::<Sender<Precious>>));
    let inside = holder.clone();
    let waker = Meddler::waker(move || drop(inside.lock().unwrap().take()), || ());
    let cx = &mut std::task::Context::from_waker(&waker);
    assert!(tx.poll_closed(cx).is_pending());
    *holder.lock().unwrap() = Some(tx);
    drop(rx);
    assert!(holder.lock().unwrap().is_none());
}

#[test]
fn a_waker_or_a_value_that_panics_costs_the_other_end_nothing() {
    let (tx, mut rx) = oneshot::channel();
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    assert!(Pin::new(&mut rx).poll_with(&waker).is_pending());
    assert!(panics(|| _ = tx.send(5)));
    assert_eq!(ready(Pin::new(&mut rx)), Ok(5), "it was sent all the same");

    let (mut tx, mut rx) = oneshot::channel::<u8>();
    let cx = &mut std::task::Context::from_waker(&waker);
    assert!(tx.poll_closed(cx).is_pending());
    assert!(panics(|| rx.close()));
    assert!(tx.is_closed());

    // A waker that panics when it is dropped, on either end.
    {
        let (mut tx, mut rx) = oneshot::channel::<u8>();
        let waker = Meddler::waker(|| (), || panic!("on purpose"));
        let cx = &mut std::task::Context::from_waker(&waker);
        assert!(tx.poll_closed(cx).is_pending());
        drop(waker);
        assert!(panics(|| drop(tx)));
        assert!(ready(Pin::new(&mut rx)).is_err());
        let (tx, mut rx) = oneshot::channel::<u8>();
        let waker = Meddler::waker(|| (), || panic!("on purpose"));
        assert!(Pin::new(&mut rx).poll_with(&waker).is_pending());
        drop(waker);
        assert!(panics(|| drop(rx)));
        assert_eq!(tx.send(5), Err(5));
    }

    let (tx, rx) = oneshot::channel();
    assert!(tx.send(Precious(Box::new(|| panic!("on purpose")))).is_ok());
    assert!(panics(|| drop(rx)));
}

#[test]
fn forgotten_ends_harm_nobody() {
    let (tx, mut rx) = oneshot::channel::<u8>();
    mem::forget(tx);
    assert!(poll(Pin::new(&mut rx)).is_pending());
    let (tx, rx) = oneshot::channel();
    mem::forget(rx);
    assert_eq!(tx.send(5), Ok(()));
    let (mut tx, rx) = oneshot::channel();
    let mut closed = Box::pin(tx.closed());
    assert!(poll(closed.as_mut()).is_pending());
    mem::forget(closed);
    drop(rx);
    assert_eq!(tx.send(5), Err(5));
}

#[test]
fn threads_wait_beside_tasks() {
    for _ in 0..200 {
        let (tx, rx) = oneshot::channel();
        let sender = thread::spawn(move || tx.send(5));
        assert_eq!(rx.blocking_recv(), Ok(5));
        sender.join().unwrap().unwrap();
        let (tx, rx) = oneshot::channel::<u8>();
        let sender = thread::spawn(move || drop(tx));
        assert!(rx.blocking_recv().is_err());
        sender.join().unwrap();
    }
}

/// Both ends go at the same time, with every state of their wakers.
#[test]
fn ends_may_go_at_the_same_time() {
    for round in 0..2000 {
        let (drops, value) = precious();
        let (mut tx, mut rx) = oneshot::channel();
        let (there, here) = (Watched::new(), Watched::new());
        if round % 2 == 0 {
            assert!(here.poll(Pin::new(&mut rx)).is_pending());
        }
        if round % 3 == 0 {
            assert!(there.poll(pin!(tx.closed())).is_pending());
        }
        let sender = thread::spawn(move || tx.send(value).is_err());
        match round % 5 {
            0 => drop::<Result<Precious, RecvError>>(rx.blocking_recv()),
            1 => drop((rx.try_recv(), rx)),
            _ => drop(rx),
        }
        let _ = sender.join().unwrap();
        assert_eq!(drops.load(SeqCst), 1);
        assert_eq!((there.kept(), here.kept()), (0, 0));
    }
}

#[test]
fn debug_shows_the_state() {
    let (tx, mut rx) = oneshot::channel();
    assert_eq!(format!("{tx:?}"), "Sender { closed: false, .. }");
    tx.send(5).unwrap();
    assert_eq!(format!("{rx:?}"), "Receiver { empty: false, terminated: false, .. }");
    assert_eq!(poll(Pin::new(&mut rx)), Poll::Ready(Ok(5)));
    assert_eq!(format!("{rx:?}"), "Receiver { empty: true, terminated: true, .. }");
}

/// A line of receivers, of which one at a time is sent a token; whoever drops it passes it on.
struct Post {
    line: Mutex<Vec<(usize, Sender<Token>)>>,
    numbers: AtomicUsize,
    /// Tokens for which there was nobody.
    spare: AtomicUsize,
}

struct Token(Option<Arc<Post>>);

impl Drop for Token {
    fn drop(&mut self) {
        if let Some(post) = self.0.take() {
            give(&post);
        }
    }
}

fn give(post: &Arc<Post>) {
    loop {
        let first = {
            let mut line = post.line.lock().unwrap();
            if line.is_empty() { None } else { Some(line.remove(0)) }
        };
        let Some((_, tx)) = first else {
            post.spare.fetch_add(1, SeqCst);
            return;
        };
        match tx.send(Token(Some(post.clone()))) {
            Ok(()) => return,
            Err(mut token) => drop(token.0.take()),
        }
    }
}

/// A receiver in the line, which takes its sender out when it goes.
struct InLine(Receiver<Token>, usize, Arc<Post>);

impl Future for InLine {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<bool> {
        Pin::new(&mut self.0).poll(cx).map(|token| token.is_ok())
    }
}

impl Drop for InLine {
    fn drop(&mut self) {
        // Closed first: a sender that goes wakes nobody then.
        self.0.close();
        let mut line = self.2.line.lock().unwrap();
        let at = line.iter().position(|(number, _)| *number == self.1);
        let mine = at.map(|at| line.remove(at));
        drop(line);
        drop(mine);
    }
}

pub(crate) fn sweep(report: Report<'_>) {
    Swept {
        name: "oneshot::Receiver",
        make: || {
            let [numbers, spare] = [const { AtomicUsize::new(0) }; 2];
            Arc::new(Post { line: Mutex::new(Vec::with_capacity(16)), numbers, spare })
        },
        wait: |post| -> Waiting {
            let (tx, rx) = oneshot::channel();
            let number = post.numbers.fetch_add(1, SeqCst);
            post.line.lock().unwrap().push((number, tx));
            Box::pin(InLine(rx, number, Arc::clone(post)))
        },
        free: give,
        waiting: |post| post.line.lock().unwrap().len(),
        is_free: |post| post.spare.load(SeqCst) == 1 && post.line.lock().unwrap().is_empty(),
        close: None,
    }
    .sweep(report);
    Swept {
        name: "oneshot::Sender::closed",
        make: || Doors::new(oneshot::Receiver::<u8>::close),
        wait: |doors| {
            let (mut tx, rx) = oneshot::channel();
            doors.wait(rx, async move {
                tx.closed().await;
                tx.is_closed()
            })
        },
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    }
    .sweep(report);
}
