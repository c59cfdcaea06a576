//! What must hold of sleeps, and of the driver that ends them, in every interleaving.

use std::{
    future::Future,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Waker},
    time::{Duration, Instant},
};

use loom::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread::JoinHandle,
};
use selvedge::{
    sync::raw::shim::Parker,
    time::{
        Timer, VirtualClock,
        raw::driver::{Driver, Time},
        sleep_until_on,
    },
};

use crate::runner::{block_on, block_on_moved, check, poll_and_cancel, spawn};

/// Time that passes at once up to a limit whenever the driver waits for it, and then stands still.
///
/// Its data is plain: loom changes threads at its own operations only.
pub(crate) struct Ticking {
    start: Instant,
    limit: Duration,
    state: Mutex<State>,
}

struct State {
    now: Duration,
    over: bool,
    parked: Option<Waker>,
}

impl Time for Ticking {
    fn now(&self) -> Instant {
        self.start + self.state.lock().unwrap().now
    }

    fn park(&self, parker: &Parker, deadline: Option<Instant>) -> bool {
        let mut state = self.state.lock().unwrap();
        if state.over {
            return false;
        }
        let until = deadline.map(|at| at - self.start).filter(|at| *at <= self.limit);
        if let Some(until) = until {
            state.now = until;
            return true;
        }
        state.parked = Some(parker.waker());
        drop(state);
        parker.park();
        !self.state.lock().unwrap().over
    }
}

/// A driver that runs on a thread of the model.
pub(crate) struct Running {
    pub(crate) timer: Arc<Driver<Ticking>>,
    pub(crate) start: Instant,
    thread: JoinHandle<()>,
}

/// Starts a driver whose time goes on for `seconds`, and no further.
pub(crate) fn run(seconds: u64) -> Running {
    let start = Instant::now();
    let state = Mutex::new(State { now: Duration::ZERO, over: false, parked: None });
    let time = Ticking { start, limit: Duration::from_secs(seconds), state };
    let timer = Arc::new(Driver::new(time));
    let driver = timer.clone();
    Running { timer, start, thread: spawn(move || driver.run()) }
}

impl Running {
    pub(crate) fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    /// What time it is, in seconds.
    pub(crate) fn now(&self) -> u64 {
        (self.timer.now() - self.start).as_secs()
    }

    /// Ends the driver; nothing is registered any more.
    pub(crate) fn stop(self) {
        let parked = {
            let mut state = self.timer.time().state.lock().unwrap();
            state.over = true;
            state.parked.take()
        };
        if let Some(parked) = parked {
            parked.wake();
        }
        self.thread.join().unwrap();
        assert_eq!(self.timer.waiting(), 0, "a deadline stays registered");
    }
}

/// A deadline that becomes the earliest is seen by a driver that sleeps until a later one, or is
/// about to.
///
/// Red when: mutant "an earlier alarm wakes nobody", or the driver says that it sleeps in another
/// critical section than the one in which it looked.
#[test]
fn an_earlier_deadline_reaches_the_driver() {
    check(3, || {
        let driver = run(1);
        let mut later = pin!(sleep_until_on(driver.timer.clone(), driver.at(1000)));
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(later.as_mut().poll(cx).is_pending());
        block_on(sleep_until_on(&driver.timer, driver.at(1)));
        assert_eq!(driver.now(), 1);
        later.set(sleep_until_on(driver.timer.clone(), driver.at(0)));
        driver.stop();
    });
}

/// Two tasks that register at the same time are both woken.
///
/// Red when: mutant "an earlier alarm wakes nobody".
#[test]
fn two_sleepers_are_woken() {
    check(2, || {
        let driver = run(2);
        let other = spawn({
            let (timer, at) = (driver.timer.clone(), driver.at(1));
            move || block_on(sleep_until_on(timer, at))
        });
        block_on(sleep_until_on(&driver.timer, driver.at(2)));
        other.join().unwrap();
        driver.stop();
    });
}

/// A sleep that is dropped while the driver wakes it leaves nothing behind, and holds up nobody.
///
/// Red when: mutant "a sleep that goes stays registered".
#[test]
fn a_sleep_is_dropped_while_it_is_woken() {
    check(3, || {
        let driver = run(1);
        let quitter = spawn({
            let (timer, at) = (driver.timer.clone(), driver.at(1));
            move || poll_and_cancel(sleep_until_on(timer, at))
        });
        block_on(sleep_until_on(&driver.timer, driver.at(1)));
        quitter.join().unwrap();
        // One that is far off is not merely due.
        poll_and_cancel(sleep_until_on(&driver.timer, driver.at(1000)));
        driver.stop();
    });
}

/// One that is dropped when it has been woken leaves the deadline alone that came into its place.
///
/// Red when: mutant "a key is good for whoever comes into its place".
#[test]
fn a_sleep_is_dropped_when_another_has_its_place() {
    check(3, || {
        let driver = run(2);
        let quitter = spawn({
            let (timer, at) = (driver.timer.clone(), driver.at(1));
            move || poll_and_cancel(sleep_until_on(timer, at))
        });
        block_on(sleep_until_on(&driver.timer, driver.at(2)));
        quitter.join().unwrap();
        driver.stop();
    });
}

/// What was done before the clock was turned is seen by whoever finds that its time is over, without
/// the lock.
///
/// Red when: the load in `is_over` or the store in `collected` is weakened.
#[test]
fn whose_time_is_over_sees_what_was_done_before() {
    check(2, || {
        let clock = VirtualClock::new();
        let at = clock.now() + Duration::from_secs(1);
        let done = Arc::new(AtomicBool::new(false));
        let turner = spawn({
            let (clock, done) = (clock.clone(), done.clone());
            move || {
                done.store(true, Relaxed);
                clock.advance(Duration::from_secs(1));
            }
        });
        if clock.has_forgotten(at) {
            assert!(done.load(Relaxed), "it is over, and what led to it is not seen");
        }
        turner.join().unwrap();
    });
}

/// A sleep that moves to another task while the driver wakes it is woken there.
///
/// Red when: mutant "a sleep keeps its first waker".
#[test]
fn a_sleep_moves_while_it_is_woken() {
    check(3, || {
        let driver = run(1);
        block_on_moved(sleep_until_on(&driver.timer, driver.at(1)));
        driver.stop();
    });
}

/// A sleep that is reset while the driver wakes it is woken at the new deadline too.
///
/// Red when: mutant "an alarm that was woken cannot be moved".
#[test]
fn a_sleep_is_reset_while_it_is_woken() {
    check(3, || {
        let driver = run(2);
        let mut sleep = pin!(sleep_until_on(driver.timer.clone(), driver.at(1)));
        let mut first = true;
        block_on(std::future::poll_fn(|cx| {
            let poll = sleep.as_mut().poll(cx);
            if std::mem::take(&mut first) {
                sleep.as_mut().reset(driver.at(2));
                return std::task::Poll::Pending;
            }
            poll
        }));
        assert_eq!(driver.now(), 2);
        driver.stop();
    });
}
