//! What a signal promises, shown of ours and, through the same cases, of event-listener's `Event`.
//!
//! Ours is in every build and in the models. The cases hold it to the contract of the crate that
//! others would take, and the last two show what it has beyond that.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread,
};

use event_listener::Event;
use selvedge::sync::raw::{
    line::{Answer, Primitive, Wait},
    signal::{Condition, For, Signal, raise},
};

use crate::harness::{Meddler, PollWith, Watched, panics, poll};

type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A flag that is set once, and waited for.
trait Flag: Send + Sync + 'static {
    fn new() -> Arc<Self>;
    fn set(&self);
    fn wait(self: &Arc<Self>) -> Waiting;
    fn waiters(&self) -> usize;
}

struct Ours {
    set: AtomicBool,
    signal: Signal,
}

impl Condition for Ours {
    type Ask = ();

    fn signal(&self) -> &Signal {
        &self.signal
    }

    fn holds(&self, (): ()) -> Answer<()> {
        if self.set.load(SeqCst) { Answer::Granted(()) } else { Answer::Wait }
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Ours {
    type Core = Self;

    fn core(&self) -> &Self {
        self
    }
}

impl Flag for Ours {
    fn new() -> Arc<Self> {
        Arc::new(Self { set: AtomicBool::new(false), signal: Signal::new("flag") })
    }

    fn set(&self) {
        self.set.store(true, SeqCst);
        raise(self);
    }

    fn wait(self: &Arc<Self>) -> Waiting {
        let mut wait = Box::pin(Wait::new(self.clone(), For(())));
        Box::pin(async move {
            assert!(std::future::poll_fn(|cx| wait.as_mut().poll_turn(cx)).await.is_some());
        })
    }

    fn waiters(&self) -> usize {
        self.signal.waiters()
    }
}

struct Theirs {
    set: AtomicBool,
    event: Event,
}

impl Flag for Theirs {
    fn new() -> Arc<Self> {
        Arc::new(Self { set: AtomicBool::new(false), event: Event::new() })
    }

    fn set(&self) {
        self.set.store(true, SeqCst);
        self.event.notify(usize::MAX);
    }

    fn wait(self: &Arc<Self>) -> Waiting {
        let this = self.clone();
        Box::pin(async move {
            while !this.set.load(SeqCst) {
                let listener = this.event.listen();
                if !this.set.load(SeqCst) {
                    listener.await;
                }
            }
        })
    }

    fn waiters(&self) -> usize {
        self.event.total_listeners()
    }
}

fn waiting<F: Flag>(flag: &Arc<F>) -> (Watched, Waiting) {
    let watched = Watched::new();
    let mut waiting = flag.wait();
    assert!(watched.poll(waiting.as_mut()).is_pending());
    (watched, waiting)
}

fn ready_once_set<F: Flag>() {
    let flag = F::new();
    flag.set();
    flag.set();
    assert!(poll(flag.wait().as_mut()).is_ready());
}

fn one_set_wakes_all_once<F: Flag>() {
    let flag = F::new();
    let mut all: Vec<_> = (0..70).map(|_| waiting(&flag)).collect();
    assert_eq!(flag.waiters(), 70);
    flag.set();
    for (woken, waiting) in &mut all {
        assert_eq!(woken.woken(), 1);
        assert!(poll(waiting.as_mut()).is_ready());
    }
    assert_eq!(flag.waiters(), 0);
}

fn waiting_for_nothing_wakes_nobody<F: Flag>() {
    let flag = F::new();
    let (woken, mut waiting) = waiting(&flag);
    for _ in 0..10 {
        assert!(woken.poll(waiting.as_mut()).is_pending());
    }
    assert_eq!((woken.woken(), woken.kept(), flag.waiters()), (0, 1, 1));
}

fn cancelling_leaves_nothing<F: Flag>() {
    let flag = F::new();
    let (first, quitter) = waiting(&flag);
    let (second, mut stayer) = waiting(&flag);
    drop(quitter);
    assert_eq!((first.kept(), flag.waiters()), (0, 1));
    flag.set();
    assert_eq!((first.woken(), second.woken()), (0, 1));
    assert!(poll(stayer.as_mut()).is_ready());
}

fn cancelling_when_woken_costs_nobody<F: Flag>() {
    let flag = F::new();
    let (_, quitter) = waiting(&flag);
    let (woken, mut stayer) = waiting(&flag);
    flag.set();
    drop(quitter);
    assert_eq!(woken.woken(), 1);
    assert!(poll(stayer.as_mut()).is_ready());
}

fn a_moved_waiter_is_woken_where_it_is<F: Flag>() {
    let flag = F::new();
    let (before, mut moving) = waiting(&flag);
    let after = Watched::new();
    assert!(after.poll(moving.as_mut()).is_pending());
    assert_eq!((before.kept(), after.kept()), (0, 1));
    flag.set();
    assert_eq!((before.woken(), after.woken()), (0, 1));
}

fn threads_wait_beside_tasks<F: Flag>() {
    for _ in 0..200 {
        let flag = F::new();
        let (woken, mut task) = waiting(&flag);
        let threads = [(); 2].map(|()| {
            let flag = flag.clone();
            thread::spawn(move || pollster::block_on(flag.wait()))
        });
        flag.set();
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(woken.woken(), 1);
        assert!(poll(task.as_mut()).is_ready());
    }
}

macro_rules! contract {
    ($($case:ident)*) => {
        mod ours {
            $(#[test] fn $case() { super::$case::<super::Ours>(); })*
        }
        mod theirs {
            $(#[test] fn $case() { super::$case::<super::Theirs>(); })*
        }
    };
}
contract! {
    ready_once_set one_set_wakes_all_once waiting_for_nothing_wakes_nobody
    cancelling_leaves_nothing cancelling_when_woken_costs_nobody
    a_moved_waiter_is_woken_where_it_is threads_wait_beside_tasks
}

/// A waker that looks at what it was woken by, waits for it again, and gives up.
///
/// event-listener wakes with its list locked, so there this would lock up: its `Debug` tells.
#[test]
fn wakers_run_outside_of_the_lock() {
    let flag = Ours::new();
    let inside = flag.clone();
    let waker = Meddler::waker(move || assert!(poll(inside.wait().as_mut()).is_ready()), || ());
    let mut waiting = flag.wait();
    assert!(waiting.as_mut().poll_with(&waker).is_pending());
    flag.set();
    assert!(poll(waiting.as_mut()).is_ready());

    let flag = Theirs::new();
    let inside = flag.clone();
    let waker =
        Meddler::waker(move || assert!(format!("{:?}", inside.event).contains("<locked>")), || ());
    let mut waiting = flag.wait();
    assert!(waiting.as_mut().poll_with(&waker).is_pending());
    flag.set();
}

/// A waker that panics costs the others nothing.
#[test]
fn a_panic_in_a_waker_costs_nobody() {
    let flag = Ours::new();
    let waker = Meddler::waker(|| panic!("on purpose"), || ());
    let mut first = flag.wait();
    assert!(first.as_mut().poll_with(&waker).is_pending());
    let others: Vec<_> = (0..70).map(|_| waiting(&flag)).collect();
    assert!(panics(|| flag.set()));
    assert!(others.iter().all(|(woken, _)| woken.woken() == 1));
}
