//! What must hold of a timer on a runtime's own, in every interleaving.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::{Duration, Instant},
};

use loom::thread::JoinHandle;
use selvedge::time::{
    Timer,
    raw::{
        hosted::{Drive, Handle, Hosted, Runtime},
        inline::Inline,
    },
    sleep_until_on,
};

use crate::runner::{block_on, check, poll_and_cancel, spawn};

/// A runtime whose time passes at once up to a limit whenever the driver waits for it.
///
/// Its data is plain: loom changes threads at its own operations only.
struct Fake(Arc<Inner>);

struct Inner {
    start: Instant,
    limit: Duration,
    now: Mutex<Duration>,
    how: How,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What becomes of the driver.
#[derive(Clone, Copy)]
enum How {
    Thread,
    Inline,
    /// Polled once, and dropped.
    Goes,
}

struct Sleep(Arc<Inner>, Duration);

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        if self.1 > self.0.limit {
            return Poll::Pending;
        }
        let mut now = self.0.now.lock().unwrap();
        *now = self.1.max(*now);
        Poll::Ready(())
    }
}

impl Runtime for Fake {
    type Sleep = Sleep;

    fn now(&self) -> Instant {
        self.0.start + *self.0.now.lock().unwrap()
    }

    fn sleep_until(&self, at: Instant) -> Sleep {
        Sleep(self.0.clone(), at - self.0.start)
    }

    fn drive(&self, driver: Drive<Self>) {
        let thread = match self.0.how {
            How::Inline => return Inline::start(driver),
            How::Thread => spawn(move || block_on(driver)),
            How::Goes => spawn(move || _ = poll_and_cancel(driver)),
        };
        *self.0.thread.lock().unwrap() = Some(thread);
    }
}

type Running = (Handle<Fake>, Arc<Inner>);

/// A timer whose time goes on for `seconds`, and no further.
fn run(seconds: u64, how: How) -> Running {
    let (limit, now) = (Duration::from_secs(seconds), Mutex::new(Duration::ZERO));
    let start = Instant::now();
    let inner = Arc::new(Inner { start, limit, now, how, thread: Mutex::new(None) });
    (Handle(Hosted::new(Fake(inner.clone()))), inner)
}

impl Inner {
    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    /// Waits for the end of the driver: nobody holds the timer any more.
    fn join(&self) {
        let thread = self.thread.lock().unwrap().take();
        thread.expect("it was started").join().unwrap();
    }
}

/// A deadline that becomes the earliest is seen by a driver that is polled at the same time, or
/// sleeps until a later one. The driver ends with the timer.
///
/// Red when: mutant "an earlier alarm wakes nobody", mutant "a timer that goes keeps its driver",
/// or the driver sleeps before it has left its waker.
#[test]
fn an_earlier_deadline_reaches_the_driver() {
    check(3, || {
        let (timer, inner) = run(1, How::Thread);
        let later = spawn({
            let (timer, at) = (timer.clone(), inner.at(1000));
            move || _ = poll_and_cancel(sleep_until_on(timer, at))
        });
        block_on(sleep_until_on(&timer, inner.at(1)));
        later.join().unwrap();
        assert_eq!((timer.now(), timer.0.waiting()), (inner.at(1), 0));
        drop(timer);
        inner.join();
    });
}

/// The same where the driver is polled by whoever wakes it.
///
/// Red when: mutant "a future is woken while it is polled", mutant "an earlier alarm wakes nobody".
#[test]
fn a_driver_is_polled_where_it_is_woken() {
    check(3, || {
        let (timer, inner) = run(1, How::Inline);
        let later = spawn({
            let (timer, at) = (timer.clone(), inner.at(1000));
            move || _ = poll_and_cancel(sleep_until_on(timer, at))
        });
        block_on(sleep_until_on(&timer, inner.at(1)));
        later.join().unwrap();
        assert_eq!((timer.now(), timer.0.waiting()), (inner.at(1), 0));
    });
}

/// Whoever waits when the driver goes, or comes later, is told of it.
///
/// Red when: mutant "a driver that goes tells nobody", or `stop` takes the wakers in another step
/// than the one in which it says that it has stopped.
#[test]
fn a_driver_that_goes_tells_all() {
    check(3, || {
        let (timer, inner) = run(1, How::Goes);
        let other = spawn({
            let (timer, at) = (timer.clone(), inner.at(999));
            move || told(&timer, at)
        });
        told(&timer, inner.at(1000));
        other.join().unwrap();
        assert_eq!(timer.0.waiting(), 0);
        inner.join();
    });
}

/// Waits until the timer says that it has stopped.
fn told(timer: &Handle<Fake>, at: Instant) {
    let mut key = None;
    block_on(poll_fn(|cx| {
        if key.is_none() {
            match timer.register(at, cx.waker()) {
                Ok(registered) => key = Some(registered),
                Err(_) => return Poll::Ready(()),
            }
            return Poll::Pending;
        }
        assert!(timer.has_stopped(), "woken early");
        Poll::Ready(())
    }));
    if let Some(key) = key {
        timer.cancel(key);
    }
}
