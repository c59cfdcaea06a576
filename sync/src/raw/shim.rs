//! Memory, locks and parking as the primitives see them: `core` and `std` in a build, loom in a
//! model (`--cfg selvedge_loom`).
//!
//! No other file of the four crates names `std::sync::atomic`, `std::sync::Mutex` or `UnsafeCell`,
//! so a model sees every access that a build performs. What differs:
//!
//! | here             | in a build                       | in a model                              |
//! |------------------|----------------------------------|-----------------------------------------|
//! | [`atomic`]       | `core::sync::atomic`             | loom's, each ordering open to weakening |
//! | [`Lock`]         | `std::sync::Mutex`, or a spin bit without `std` | loom's mutex             |
//! | [`Brief`]        | a spin bit that yields when it takes long | loom's mutex                   |
//! | [`Cell`]         | `UnsafeCell`                     | loom's cell: every overlap is reported  |
//! | [`Track`]        | nothing                          | a cell that records who may touch a value |
//! | [`Heap`]         | nothing                          | reports an allocation that is never freed |
//! | `Flag`           | `AtomicBool`, Release and Acquire | plain, with the clocks of who set it   |
//! | `Parker`         | `std::thread::park`              | loom's park, for real sleepers only     |
//! | [`Label`], `op!` | nothing                          | a row in the timeline of a failure      |
//! | [`Peek`]         | a relaxed load                   | the newest value                        |
//! | `mutant!`        | `false`                          | a bug that can be switched on by name   |
//! | [`doomed`]       | `false`                          | whether the model has failed            |
#![expect(unsafe_code, reason = "the cell's pointers are lent out here")]

use core::fmt;

#[cfg(not(selvedge_loom))]
pub use core::sync::atomic;

#[cfg(selvedge_loom)]
pub use self::model::{Flag, Heap, Label, Open, Parker, atomic, doomed, mutant, open, relax};
#[cfg(all(feature = "std", not(selvedge_loom)))]
pub use self::plain::{Flag, Parker};
#[cfg(not(selvedge_loom))]
pub use self::plain::{Heap, Label, doomed, relax};

#[cfg(selvedge_loom)]
use self::model as imp;
#[cfg(not(selvedge_loom))]
use self::plain as imp;

/// Declares a function that is `const` in a build. loom's constructors are not.
#[macro_export]
#[doc(hidden)]
macro_rules! const_in_build {
    ($(#[$attr:meta])* $vis:vis fn $($rest:tt)*) => {
        $(#[$attr])* #[cfg(not(selvedge_loom))] $vis const fn $($rest)*
        $(#[$attr])* #[cfg(selvedge_loom)] $vis fn $($rest)*
    };
}
pub use crate::const_in_build;

/// Writes a row into the timeline of a model; nothing in a build.
#[macro_export]
#[doc(hidden)]
macro_rules! op {
    ($label:expr, $what:expr) => {{
        #[cfg(selvedge_loom)]
        $crate::raw::log::op($label, $what, file!());
    }};
}
pub use crate::op;

/// Whether the named bug is switched on: `false` in a build, a choice of `cargo xtask weaken` in a
/// model.
#[macro_export]
#[doc(hidden)]
macro_rules! mutant {
    ($name:literal) => {{
        #[cfg(selvedge_loom)]
        let on = $crate::raw::shim::mutant($name);
        #[cfg(not(selvedge_loom))]
        let on = false;
        on
    }};
}
pub use crate::mutant;

/// A look at a state word whose answer a CAS on it confirms: any value will do, and an old one costs
/// another turn of the loop.
///
/// So a model looks at the newest value alone. It would explore each old one that a relaxed load
/// may return, and then watch the CAS refute it: on a semaphore of four tasks that was 436,000
/// schedules where 4,600 tell the same.
pub trait Peek {
    /// What is in the word.
    type Value;

    /// Looks.
    fn peek(&self) -> Self::Value;
}

macro_rules! peek {
    ($($name:ident: $value:ty;)*) => {$(
        impl Peek for atomic::$name {
            type Value = $value;

            #[inline(always)]
            fn peek(&self) -> $value {
                #[cfg(not(selvedge_loom))]
                return self.load(atomic::Ordering::Relaxed);
                #[cfg(selvedge_loom)]
                return self.fetch_or(0, atomic::Ordering::Relaxed);
            }
        }
    )*};
}
peek! { AtomicU8: u8; AtomicU32: u32; AtomicU64: u64; AtomicUsize: usize; }

/// A lock held for a few instructions at a time, and never while user code runs.
///
/// A thread that is preempted inside makes others wait: with `std` they spin a little and then
/// park, without it they spin, which is unfit where priorities can invert.
pub struct Lock<T>(imp::Lock<T>);

impl<T> Lock<T> {
    const_in_build! {
        /// Wraps `value`.
        pub fn new(value: T) -> Self {
            Self(imp::Lock::new(value))
        }
    }

    /// Runs `f` with the lock held.
    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.0.with(f)
    }
}

// No code of a user's runs inside, so nothing is left half done.
impl<T> core::panic::UnwindSafe for Lock<T> {}
impl<T> core::panic::RefUnwindSafe for Lock<T> {}

impl<T> fmt::Debug for Lock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock(..)")
    }
}

/// A lock that is a bit: one read-modify-write to take it, a plain store to give it back.
///
/// For where every operation takes it, and holds it for a few instructions. Whoever finds it taken
/// spins a little and then yields to the scheduler again and again, so a thread that is preempted
/// inside costs the others their time slices; without `std` they spin on, which is unfit where
/// priorities can invert.
pub struct Brief<T>(imp::Brief<T>);

impl<T> Brief<T> {
    const_in_build! {
        /// Wraps `value`.
        pub fn new(value: T) -> Self {
            Self(imp::Brief::new(value))
        }
    }

    /// Runs `f` with the lock held.
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        self.0.with(f)
    }

    /// Takes the lock, for as long as the value returned lives.
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn hold(&self) -> Held<'_, T> {
        Held(self.0.hold())
    }

    /// Runs `f` with the lock held and, if that fails, `g`, to which it hands the lock. So what is
    /// rare can be a function of its own, which begins where `f` ended.
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn with_or<A, R>(
        &self,
        arg: A,
        f: impl FnOnce(&mut T, A) -> Result<R, A>,
        g: impl FnOnce(Held<'_, T>, A) -> R,
    ) -> R {
        let mut held = self.hold();
        match f(held.0.value(), arg) {
            Ok(done) => {
                drop(held);
                done
            }
            Err(arg) => g(held, arg),
        }
    }

    /// The value, of which there is no other user.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

// No code of a user's runs inside, so nothing is left half done.
impl<T> core::panic::UnwindSafe for Brief<T> {}
impl<T> core::panic::RefUnwindSafe for Brief<T> {}

/// A [`Brief`] lock that is held; [`with`](Self::with) gives it back.
pub struct Held<'a, T>(imp::Held<'a, T>);

impl<T> Held<'_, T> {
    /// Runs `f`, and gives the lock back.
    #[inline(always)]
    pub fn with<R>(mut self, f: impl FnOnce(&mut T) -> R) -> R {
        f(self.0.value())
    }
}

impl<T> fmt::Debug for Held<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held(..)")
    }
}

impl<T> fmt::Debug for Brief<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Brief(..)")
    }
}

/// An `UnsafeCell` whose every access loom follows.
pub struct Cell<T>(imp::Cell<T>);

// SAFETY: a cell gives out raw pointers; whoever follows one answers for the threads it is on.
unsafe impl<T: Send> Sync for Cell<T> {}

impl<T> Cell<T> {
    const_in_build! {
        /// Wraps `value`.
        pub fn new(value: T) -> Self {
            Self(imp::Cell::new(value))
        }
    }

    /// Lends the value to `f`, for as long as `f` runs.
    ///
    /// # Safety
    ///
    /// Nobody else touches the value meanwhile.
    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub unsafe fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: forwarded to the caller; the pointer leads into `self`, which is alive.
        self.0.with_mut(|value| f(unsafe { &mut *value }))
    }

    /// Lends the value to `f` for reading, for as long as `f` runs.
    ///
    /// # Safety
    ///
    /// Nobody writes the value meanwhile.
    #[inline]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub unsafe fn with_ref<R>(&self, f: impl FnOnce(&T) -> R) -> R {
        // SAFETY: forwarded to the caller; the pointer leads into `self`, which is alive.
        self.0.with(|value| f(unsafe { &*value }))
    }
}

impl<T> fmt::Debug for Cell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cell(..)")
    }
}

/// Records who may touch a value, so that loom reports overlaps of the value itself.
///
/// A guard keeps a token for as long as it lives, mapped to a part or not. loom's pointers cannot
/// be pointed at a part, so the tracked cell is empty and stands beside the value.
pub struct Track(imp::Track);

/// Kept while a value may be read.
pub struct Reading {
    _pointer: imp::Reading,
}

/// Kept while a value may be written.
pub struct Writing {
    _pointer: imp::Writing,
}

impl Track {
    const_in_build! {
        /// Nobody touches the value yet.
        #[expect(clippy::new_without_default, reason = "made by a primitive, in a const")]
        pub fn new() -> Self {
            Self(imp::Track::new())
        }
    }

    /// Notes a reader. loom forbids any [`Writing`] while the token lives.
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn reading(&self) -> Reading {
        Reading { _pointer: self.0.reading() }
    }

    /// Notes a writer. loom forbids any other token while this one lives.
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn writing(&self) -> Writing {
        Writing { _pointer: self.0.writing() }
    }

    /// Lets `reading` end for now: its holder has come to write.
    #[inline(always)]
    pub fn pause(&self, reading: &mut Reading) {
        self.0.pause(&mut reading._pointer);
    }

    /// Lets `reading` go on.
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn resume(&self, reading: &mut Reading) {
        self.0.resume(&mut reading._pointer);
    }
}

impl fmt::Debug for Track {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Track")
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

impl fmt::Debug for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writing")
    }
}

/// `core` and `std`.
#[cfg(not(selvedge_loom))]
mod plain {
    use core::cell::UnsafeCell;

    // ThreadSanitizer does not look into std's lock, which is compiled already: with this flag all
    // locks are ours.
    #[cfg(any(selvedge_spin, not(feature = "std")))]
    pub(super) use self::bit::Bit as Lock;
    pub(super) use self::bit::{Bit as Brief, Held};
    #[cfg(all(feature = "std", not(selvedge_spin)))]
    pub(super) use self::parking::Lock;
    #[cfg(feature = "std")]
    pub use self::parking::{Flag, Parker};

    pub(super) struct Cell<T>(UnsafeCell<T>);

    impl<T> Cell<T> {
        pub(super) const fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }

        #[inline(always)]
        pub(super) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }

        #[inline(always)]
        pub(super) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }
    }

    /// Lies in an allocation that is freed by hand, so that a model reports one that never is.
    /// Nothing in a build.
    #[derive(Debug)]
    pub struct Heap;

    impl Heap {
        /// For a new allocation.
        #[expect(clippy::new_without_default, reason = "one way to make it is enough")]
        #[inline(always)]
        pub const fn new() -> Self {
            Self
        }
    }

    pub(super) struct Track;
    pub(super) type Reading = ();
    pub(super) type Writing = ();

    impl Track {
        pub(super) const fn new() -> Self {
            Self
        }

        #[inline(always)]
        pub(super) fn reading(&self) {}

        #[inline(always)]
        pub(super) fn writing(&self) {}

        #[inline(always)]
        pub(super) fn pause(&self, (): &mut Reading) {}

        #[inline(always)]
        pub(super) fn resume(&self, (): &mut Reading) {}
    }

    /// The name of an object in a timeline; nothing in a build, but for `diagnose`.
    #[derive(Clone, Copy, Debug)]
    pub struct Label {
        #[cfg(feature = "diagnose")]
        kind: &'static str,
    }

    impl Label {
        /// Names an object after its kind.
        #[inline(always)]
        pub const fn new(_kind: &'static str) -> Self {
            Self {
                #[cfg(feature = "diagnose")]
                kind: _kind,
            }
        }

        /// What it is.
        #[cfg(feature = "diagnose")]
        pub const fn kind(self) -> &'static str {
            self.kind
        }
    }

    /// Whether a model has failed, so that destructors keep away from loom. Never in a build.
    #[inline(always)]
    pub const fn doomed() -> bool {
        false
    }

    /// Lets another thread go on, in a loop that waits for it.
    #[inline(always)]
    pub fn relax() {
        core::hint::spin_loop();
    }

    /// With threads: whoever waits for the lock or for a wake-up parks.
    #[cfg(feature = "std")]
    #[cfg_attr(selvedge_spin, expect(dead_code, reason = "its lock is replaced"))]
    mod parking {
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
    }

    /// A lock that is a bit.
    mod bit {
        use core::{
            cell::UnsafeCell,
            sync::atomic::{
                AtomicBool,
                Ordering::{Acquire, Relaxed, Release},
            },
        };

        pub(crate) struct Bit<T> {
            held: AtomicBool,
            value: UnsafeCell<T>,
        }

        // SAFETY: `with` lends the value to one caller at a time.
        unsafe impl<T: Send> Sync for Bit<T> {}

        impl<T> Bit<T> {
            pub(crate) const fn new(value: T) -> Self {
                Self { held: AtomicBool::new(false), value: UnsafeCell::new(value) }
            }

            #[inline(always)]
            pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
                f(self.hold().value())
            }

            #[inline(always)]
            pub(crate) fn hold(&self) -> Held<'_, T> {
                // ORDERING: Acquire pairs with the Release in `Held::drop`.
                if self.held.compare_exchange(false, true, Acquire, Relaxed).is_err() {
                    self.wait();
                }
                Held(self)
            }

            pub(crate) fn get_mut(&mut self) -> &mut T {
                self.value.get_mut()
            }

            #[cold]
            #[inline(never)]
            fn wait(&self) {
                // Each look is followed by twice as many pauses as the one before: a pause is some
                // 25 ns, and a holder that runs is gone after one or two.
                const LOOKS: u32 = 6;
                let mut look = 0;
                loop {
                    if look < LOOKS {
                        for _ in 0..1_u32 << look {
                            core::hint::spin_loop();
                        }
                        look += 1;
                    } else {
                        // The holder may have been preempted.
                        #[cfg(feature = "std")]
                        std::thread::yield_now();
                        #[cfg(not(feature = "std"))]
                        core::hint::spin_loop();
                    }
                    if !self.held.load(Relaxed) {
                        // ORDERING: as in `hold`.
                        let taken = self.held.compare_exchange_weak(false, true, Acquire, Relaxed);
                        if taken.is_ok() {
                            return;
                        }
                    }
                }
            }
        }

        pub(crate) struct Held<'a, T>(&'a Bit<T>);

        impl<T> Held<'_, T> {
            #[inline(always)]
            pub(crate) fn value(&mut self) -> &mut T {
                // SAFETY: `held` was false and is ours until this goes.
                unsafe { &mut *self.0.value.get() }
            }
        }

        impl<T> Drop for Held<'_, T> {
            #[inline(always)]
            fn drop(&mut self) {
                // ORDERING: Release pairs with the Acquire in `hold`.
                self.0.held.store(false, Release);
            }
        }
    }
}

/// loom; or shuttle, whose names are the same, where chance chooses the schedules
/// (`--cfg selvedge_random` beside the other flag).
#[cfg(selvedge_loom)]
mod model {
    use alloc::{sync::Arc, task::Wake};
    use core::{
        cell::{RefCell, UnsafeCell},
        mem::ManuallyDrop,
        panic::Location,
        sync::atomic::{
            AtomicBool,
            Ordering::{self, Relaxed},
        },
        task::Waker,
    };
    use std::{borrow::ToOwned, string::String, sync::OnceLock, time::Instant, vec::Vec};

    #[cfg(not(selvedge_random))]
    use loom::{self as rt, cell};
    #[cfg(selvedge_random)]
    use {super::super::overlap as cell, shuttle as rt};

    use self::clock::Clock;
    pub use self::clock::{Open, open};

    use super::super::log;
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

    /// What a thread has seen, for another to see: a Release without a place in memory.
    ///
    /// An atomic would be a place where loom changes threads, and a race for it to explore: for each
    /// wake-up both of two orders that nobody can tell apart. loom's lazy statics are what it orders
    /// threads by without either, so a clock is one of them: begun by the thread that leaves it, read
    /// by whoever finds it. A plain `unpark` of a thread that runs would lend it all that at once.
    #[cfg(not(selvedge_random))]
    mod clock {
        use alloc::boxed::Box;
        use core::{cell::RefCell, marker::PhantomData};
        use std::{thread_local, vec::Vec};

        use loom::lazy_static::Lazy;

        /// What a thread had seen when it made this.
        #[derive(Clone, Copy, Debug)]
        pub(super) struct Clock(&'static Lazy<()>);

        /// The statics that the schedules on this thread use, one after the other and each anew.
        struct Statics {
            is_open: bool,
            used: usize,
            all: Vec<&'static Lazy<()>>,
        }

        thread_local! {
            static STATICS: RefCell<Statics> =
                const { RefCell::new(Statics { is_open: false, used: 0, all: Vec::new() }) };
        }

        /// Kept while a schedule runs. Its threads that outlive the main one leave no clocks: loom
        /// has put its statics away by then.
        #[derive(Debug)]
        pub struct Open(());

        /// Opens a schedule.
        pub fn open() -> Open {
            STATICS.with_borrow_mut(|statics| (statics.is_open, statics.used) = (true, 0));
            Open(())
        }

        impl Drop for Open {
            fn drop(&mut self) {
                STATICS.with_borrow_mut(|statics| statics.is_open = false);
            }
        }

        impl Clock {
            /// What the calling thread has seen; nothing between schedules.
            pub(super) fn of_caller() -> Option<Self> {
                let lazy = STATICS.with_borrow_mut(|statics| {
                    statics.used += usize::from(statics.is_open);
                    let next = statics.used.checked_sub(1).filter(|_| statics.is_open)?;
                    if next == statics.all.len() {
                        statics
                            .all
                            .push(Box::leak(Box::new(Lazy { init: || (), _p: PhantomData })));
                    }
                    Some(statics.all[next])
                })?;
                lazy.get();
                Some(Self(lazy))
            }

            /// Lets the calling thread have seen it, too.
            pub(super) fn join(self) {
                if !super::doomed() && STATICS.with_borrow(|statics| statics.is_open) {
                    self.0.get();
                }
            }
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

    /// loom's atomics, with each ordering open to weakening at one place in the code.
    ///
    /// In a [failed model](doomed) they do nothing and answer zero: the destructors that run then
    /// are anybody's, and a second panic would abort the test.
    pub mod atomic {
        use core::panic::Location;

        pub use core::sync::atomic::Ordering;

        use super::{doomed, rt, weakened};

        /// A fence, unless it is the one that is weakened.
        #[track_caller]
        pub fn fence(ordering: Ordering) {
            if weakened(ordering, Location::caller()) != Ordering::Relaxed && !doomed() {
                rt::sync::atomic::fence(ordering);
            }
        }

        macro_rules! atomics {
            ($($name:ident($value:ty, $zero:expr) $(<$t:ident>)?: $([$op:ident])*;)*) => {$(
                #[doc = concat!("loom's `", stringify!($name), "`.")]
                #[derive(Debug)]
                pub struct $name $(<$t>)?(rt::sync::atomic::$name $(<$t>)?);

                impl $(<$t>)? $name $(<$t>)? {
                    /// Wraps `value`.
                    #[track_caller]
                    pub fn new(value: $value) -> Self {
                        Self(rt::sync::atomic::$name::new(value))
                    }

                    /// As `core`'s.
                    #[track_caller]
                    pub fn load(&self, ordering: Ordering) -> $value {
                        if doomed() {
                            return $zero;
                        }
                        self.0.load(weakened(ordering, Location::caller()))
                    }

                    /// As `core`'s.
                    #[track_caller]
                    pub fn store(&self, value: $value, ordering: Ordering) {
                        if doomed() {
                            return;
                        }
                        self.0.store(value, weakened(ordering, Location::caller()));
                    }

                    /// As `core`'s.
                    #[track_caller]
                    pub fn compare_exchange(
                        &self,
                        old: $value,
                        new: $value,
                        success: Ordering,
                        failure: Ordering,
                    ) -> Result<$value, $value> {
                        if doomed() {
                            return Ok(old);
                        }
                        let site = Location::caller();
                        let (success, failure) = (weakened(success, site), weakened(failure, site));
                        self.0.compare_exchange(old, new, success, failure)
                    }

                    /// As `core`'s; loom's never fails without a reason.
                    #[track_caller]
                    pub fn compare_exchange_weak(
                        &self,
                        old: $value,
                        new: $value,
                        success: Ordering,
                        failure: Ordering,
                    ) -> Result<$value, $value> {
                        self.compare_exchange(old, new, success, failure)
                    }

                    atomics!(@op $value, $zero, swap);
                    $(atomics!(@op $value, $zero, $op);)*
                }
            )*};
            (@op $value:ty, $zero:expr, $op:ident) => {
                /// As `core`'s.
                #[track_caller]
                pub fn $op(&self, value: $value, ordering: Ordering) -> $value {
                    if doomed() {
                        return $zero;
                    }
                    self.0.$op(value, weakened(ordering, Location::caller()))
                }
            };
        }

        atomics! {
            AtomicBool(bool, false): [fetch_and] [fetch_or] [fetch_xor];
            AtomicU8(u8, 0): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
            AtomicU32(u32, 0): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
            AtomicU64(u64, 0): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
            AtomicUsize(usize, 0): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
            AtomicPtr(*mut T, core::ptr::null_mut()) <T>: ;
        }
    }
}
