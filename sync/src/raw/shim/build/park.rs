//! With threads: whoever waits for the lock or for a wake-up parks.

use alloc::{sync::Arc, task::Wake};
use core::{
    sync::atomic::{
        AtomicBool,
        Ordering::{Acquire, Relaxed, Release},
    },
    task::Waker,
};
use std::{
    sync::{Mutex, PoisonError},
    thread::{self, Thread},
    time::Instant,
};

pub(crate) struct Lock<T>(Mutex<T>);

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A flag for the thread that made it: who takes it sees what was done before it was set,
/// each time.
#[derive(Debug)]
pub struct Flag(AtomicBool);

impl Flag {
    /// Up or down.
    #[inline(always)]
    pub fn new(up: bool) -> Self {
        Self(AtomicBool::new(up))
    }

    /// Sets it; whether it was up already.
    #[inline(always)]
    pub fn set(&self) -> bool {
        // ORDERING: Release pairs with the Acquire in `take`.
        self.0.swap(true, Release)
    }

    /// Whether it is up, and no more.
    #[inline(always)]
    pub fn is_up(&self) -> bool {
        self.0.load(Relaxed)
    }

    /// Takes it down; whether it was up.
    #[inline(always)]
    pub fn take(&self) -> bool {
        // ORDERING: Acquire pairs with the Release in `set`.
        self.0.swap(false, Acquire)
    }
}

/// Puts the thread that made it to sleep until its waker is woken.
#[derive(Debug)]
pub struct Parker(Arc<Token>);

#[derive(Debug)]
struct Token {
    thread: Thread,
    woken: Flag,
}

impl Wake for Token {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.set() {
            self.thread.unpark();
        }
    }
}

impl Parker {
    /// For the calling thread.
    #[expect(clippy::new_without_default, reason = "it belongs to the calling thread")]
    pub fn new() -> Self {
        let thread = thread::current();
        Self(Arc::new(Token { thread, woken: Flag::new(false) }))
    }

    /// Wakes the thread that made this.
    pub fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.0))
    }

    /// Sleeps until woken; at once if that happened since the last time.
    pub fn park(&self) {
        self.park_until(None);
    }

    /// As [`park`](Self::park), until `deadline` at the latest. Whether it was woken.
    pub fn park_until(&self, deadline: Option<Instant>) -> bool {
        loop {
            if self.0.woken.take() {
                return true;
            }
            match deadline {
                None => thread::park(),
                Some(at) => match at.checked_duration_since(Instant::now()) {
                    Some(left) if !left.is_zero() => thread::park_timeout(left),
                    _ => return false,
                },
            }
        }
    }
}
