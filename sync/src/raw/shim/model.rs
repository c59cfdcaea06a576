//! loom; or shuttle, whose names are the same, where chance chooses the schedules
//! (`--cfg selvedge_random` beside the other flag).

pub mod atomic;
#[cfg(not(selvedge_random))]
mod clock;
mod park;

use core::{
    cell::UnsafeCell,
    mem::ManuallyDrop,
    panic::Location,
    sync::atomic::Ordering::{self, Relaxed},
};
use std::{borrow::ToOwned, string::String, sync::OnceLock};

#[cfg(not(selvedge_random))]
use loom::{self as rt, cell};
#[cfg(selvedge_random)]
use {super::super::overlap as cell, shuttle as rt};

pub use self::{
    clock::{Open, open},
    park::{Flag, Parker},
};
pub use super::super::log::Label;

/// loom's lock, beside the value: a destructor in a failed model takes it without loom.
pub(super) struct Lock<T> {
    turn: rt::sync::Mutex<()>,
    value: UnsafeCell<T>,
}

// SAFETY: `with` lends the value to one caller at a time.
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    #[track_caller]
    pub(super) fn new(value: T) -> Self {
        Self { turn: rt::sync::Mutex::new(()), value: UnsafeCell::new(value) }
    }

    #[track_caller]
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        f(self.hold().value())
    }

    #[track_caller]
    pub(super) fn hold(&self) -> Held<'_, T> {
        let turn = (!doomed()).then(|| {
            self.turn.lock().expect("no code of a user's runs inside, so nothing panics there")
        });
        Held { _turn: turn, value: &self.value }
    }
}

pub(super) struct Held<'a, T> {
    _turn: Option<rt::sync::MutexGuard<'a, ()>>,
    value: &'a UnsafeCell<T>,
}

impl<T> Held<'_, T> {
    pub(super) fn value(&mut self) -> &mut T {
        // SAFETY: the turn is ours. In a failed model nothing else runs: its threads are
        // unwound one after the other, on one thread of the system's.
        unsafe { &mut *self.value.get() }
    }
}

pub(super) use self::Lock as Brief;

impl<T> Lock<T> {
    pub(super) fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }
}

pub(super) struct Cell<T>(cell::UnsafeCell<T>);

impl<T> Cell<T> {
    #[track_caller]
    pub(super) fn new(value: T) -> Self {
        Self(cell::UnsafeCell::new(value))
    }

    #[track_caller]
    pub(super) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        self.0.with_mut(f)
    }

    #[track_caller]
    pub(super) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        self.0.with(f)
    }
}

/// Lies in an allocation that is freed by hand, so that loom reports one that never is.
#[derive(Debug)]
pub struct Heap(ManuallyDrop<rt::sync::Arc<()>>);

// SAFETY: the threads of a model take turns on one thread of the system's.
unsafe impl Sync for Heap {}
// SAFETY: as above.
unsafe impl Send for Heap {}

impl Heap {
    /// For a new allocation.
    #[expect(clippy::new_without_default, reason = "one way to make it is enough")]
    #[track_caller]
    pub fn new() -> Self {
        Self(ManuallyDrop::new(rt::sync::Arc::new(())))
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        if !doomed() {
            // SAFETY: nothing uses it after this.
            unsafe { ManuallyDrop::drop(&mut self.0) }
        }
    }
}

pub(super) struct Track(cell::UnsafeCell<()>);
pub(super) type Reading = Token<cell::ConstPtr<()>>;
pub(super) type Writing = Token<cell::MutPtr<()>>;

/// One of loom's tracked pointers; in a failed model it is forgotten instead of ended.
pub(super) struct Token<P>(Option<ManuallyDrop<P>>);

// SAFETY: the threads of a model take turns on one thread of the system's.
unsafe impl Sync for Track {}
// SAFETY: as above.
unsafe impl Send for Track {}
// SAFETY: as above.
unsafe impl<P> Sync for Token<P> {}
// SAFETY: as above.
unsafe impl<P> Send for Token<P> {}

impl<P> Drop for Token<P> {
    fn drop(&mut self) {
        if let Some(pointer) = self.0.take().filter(|_| !doomed()) {
            drop(ManuallyDrop::into_inner(pointer));
        }
    }
}

impl<P> Token<P> {
    fn new(pointer: P) -> Self {
        Self(Some(ManuallyDrop::new(pointer)))
    }
}

impl Track {
    #[track_caller]
    pub(super) fn new() -> Self {
        Self(cell::UnsafeCell::new(()))
    }

    #[track_caller]
    pub(super) fn reading(&self) -> Reading {
        Token::new(self.0.get())
    }

    #[track_caller]
    pub(super) fn writing(&self) -> Writing {
        Token::new(self.0.get_mut())
    }

    pub(super) fn pause(&self, reading: &mut Reading) {
        drop(Token(reading.0.take()));
    }

    #[track_caller]
    pub(super) fn resume(&self, reading: &mut Reading) {
        if !doomed() {
            *reading = self.reading();
        }
    }
}

/// Whether a model has failed, so that destructors keep away from loom: a second panic would
/// abort the test.
pub fn doomed() -> bool {
    std::thread::panicking()
}

/// Lets another thread go on, in a loop that waits for it.
pub fn relax() {
    rt::thread::yield_now();
}

/// Whether the bug called `name` is switched on (`SELVEDGE_MUTANT`).
pub fn mutant(name: &str) -> bool {
    static ON: OnceLock<Option<String>> = OnceLock::new();
    ON.get_or_init(|| std::env::var("SELVEDGE_MUTANT").ok()).as_deref() == Some(name)
}

/// The ordering that the code at `site` gets (`SELVEDGE_WEAKEN=file:line`).
fn weakened(ordering: Ordering, site: &Location<'_>) -> Ordering {
    static AT: OnceLock<Option<(String, u32)>> = OnceLock::new();
    let at = AT.get_or_init(|| {
        let place = std::env::var("SELVEDGE_WEAKEN").ok()?;
        let (file, line) = place.rsplit_once(':').expect("SELVEDGE_WEAKEN is file:line");
        Some((file.to_owned(), line.parse().expect("SELVEDGE_WEAKEN is file:line")))
    });
    match at {
        Some((file, line)) if site.line() == *line && site.file().ends_with(file) => Relaxed,
        _ => ordering,
    }
}

/// Chance knows no order of events.
#[cfg(selvedge_random)]
mod clock {
    #[derive(Clone, Copy, Debug)]
    pub(super) struct Clock;

    /// Kept while a schedule runs.
    #[derive(Debug)]
    pub struct Open(());

    /// Opens a schedule.
    pub fn open() -> Open {
        Open(())
    }

    impl Clock {
        pub(super) fn of_caller() -> Option<Self> {
            None
        }

        pub(super) fn join(self) {}
    }
}
