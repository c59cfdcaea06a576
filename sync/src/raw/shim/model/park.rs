//! Sleeping, and being woken.

use alloc::{sync::Arc, task::Wake};
use core::{
    cell::RefCell,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    task::Waker,
};
use std::{time::Instant, vec::Vec};

use super::{super::super::log, clock::Clock, doomed, rt};

/// A flag for the thread that made it: who takes it sees what was done before it was set, each
/// time.
///
/// loom changes threads at its own operations only, so the flag is plain, and adds nothing to
/// what is explored: it makes no difference whether it comes up just before its thread looks or
/// just after that went to sleep. What its setters have seen stands beside it until it is taken.
#[derive(Debug)]
pub struct Flag {
    owner: rt::thread::ThreadId,
    up: AtomicBool,
    /// One for each thread that has set it since it was taken: the latest knows all.
    seen: RefCell<Vec<(rt::thread::ThreadId, Clock)>>,
}

// SAFETY: the threads of a model take turns on one thread of the system's.
unsafe impl Send for Flag {}
// SAFETY: as above; no borrow lasts over an operation of loom's.
unsafe impl Sync for Flag {}

impl Flag {
    /// Up or down.
    pub fn new(up: bool) -> Self {
        let owner = rt::thread::current().id();
        Self { owner, up: AtomicBool::new(up), seen: RefCell::default() }
    }

    /// Sets it; whether it was up already.
    pub fn set(&self) -> bool {
        self.keep_clock();
        self.raise()
    }

    /// Whether it is up, and no more.
    pub fn is_up(&self) -> bool {
        self.up.load(Relaxed)
    }

    /// Takes it down; whether it was up.
    pub fn take(&self) -> bool {
        self.seen.take().into_iter().for_each(|(_, clock)| clock.join());
        self.up.swap(false, Relaxed)
    }

    fn raise(&self) -> bool {
        self.up.swap(true, Relaxed)
    }

    /// Keeps what the calling thread has seen for who takes the flag.
    fn keep_clock(&self) {
        if doomed() {
            return;
        }
        let setter = rt::thread::current().id();
        if setter != self.owner {
            if let Some(clock) = Clock::of_caller() {
                let mut seen = self.seen.borrow_mut();
                seen.retain(|(thread, _)| *thread != setter);
                seen.push((setter, clock));
            }
        }
    }
}

/// Puts the thread that made it to sleep until its waker is woken.
///
/// loom 0.7.3's `unpark` also wakes a thread that sits in `join`, and lends its clock to one
/// that runs, which hides races. So it is called for a thread that really sits in [`park`]
/// alone; the others find the [`Flag`].
///
/// [`park`]: Self::park
#[derive(Debug)]
pub struct Parker(Arc<Sleeper>);

#[derive(Debug)]
struct Sleeper {
    thread: rt::thread::Thread,
    column: usize,
    woken: Flag,
    parked: AtomicBool,
}

// SAFETY: the threads of a model take turns on one thread of the system's.
unsafe impl Send for Sleeper {}
// SAFETY: as above.
unsafe impl Sync for Sleeper {}

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let is_first = !self.woken.raise();
        if is_first {
            log::wakes(self.column);
        }
        // loom's `unpark` hands the clock over. Whoever comes second finds a thread that is on
        // its way, or is one that another has woken already.
        if is_first && self.parked.load(Relaxed) {
            self.thread.unpark();
        } else {
            self.woken.keep_clock();
        }
    }
}

impl Parker {
    /// For the calling thread.
    #[expect(clippy::new_without_default, reason = "it belongs to the calling thread")]
    pub fn new() -> Self {
        Self(Arc::new(Sleeper {
            thread: rt::thread::current(),
            column: log::column(),
            woken: Flag::new(false),
            parked: AtomicBool::new(false),
        }))
    }

    /// Wakes the thread that made this.
    pub fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    /// Sleeps until woken; at once if that happened since the last time.
    pub fn park(&self) {
        if self.0.woken.is_up() {
            self.0.woken.take();
            return;
        }
        log::sleeps();
        self.0.parked.store(true, Relaxed);
        rt::thread::park();
        self.0.parked.store(false, Relaxed);
        log::woken();
        self.0.woken.take();
    }

    /// As [`park`](Self::park): a model has no clock of its own, so the deadline never comes.
    pub fn park_until(&self, _deadline: Option<Instant>) -> bool {
        self.park();
        true
    }
}
