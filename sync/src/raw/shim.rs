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
//! | [`Cell`]         | `UnsafeCell`                     | loom's cell: every overlap is reported  |
//! | [`Track`]        | nothing                          | a cell that records who may touch a value |
//! | [`Parker`]       | `std::thread::park`              | loom's park, for real sleepers only     |
//! | [`Label`], `op!` | nothing                          | a row in the timeline of a failure      |
//! | `mutant!`        | `false`                          | a bug that can be switched on by name   |
//! | [`doomed`]       | `false`                          | whether the model has failed            |
#![expect(unsafe_code, reason = "the cell's pointers are lent out here")]

use core::fmt;

#[cfg(not(selvedge_loom))]
pub use core::sync::atomic;

#[cfg(selvedge_loom)]
pub use self::model::{Label, Parker, atomic, doomed, mutant, relax};
#[cfg(all(feature = "std", not(selvedge_loom)))]
pub use self::plain::Parker;
#[cfg(not(selvedge_loom))]
pub use self::plain::{Label, doomed, relax};

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
        $crate::raw::log::op($label, $what);
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

    #[cfg(feature = "std")]
    pub(super) use self::parking::Lock;
    #[cfg(feature = "std")]
    pub use self::parking::Parker;
    #[cfg(not(feature = "std"))]
    pub(super) use self::spinning::Lock;

    pub(super) struct Cell<T>(UnsafeCell<T>);

    impl<T> Cell<T> {
        pub(super) const fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }

        #[inline(always)]
        pub(super) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
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
    }

    /// The name of an object in a timeline; nothing in a build.
    #[derive(Clone, Copy, Debug)]
    pub struct Label;

    impl Label {
        /// Names an object after its kind.
        #[inline(always)]
        pub const fn new(_kind: &'static str) -> Self {
            Self
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
    mod parking {
        use alloc::{sync::Arc, task::Wake};
        use core::{
            sync::atomic::{
                AtomicBool,
                Ordering::{Acquire, Release},
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

        /// Puts the thread that made it to sleep until its waker is woken.
        #[derive(Debug)]
        pub struct Parker(Arc<Token>);

        #[derive(Debug)]
        struct Token {
            thread: Thread,
            woken: AtomicBool,
        }

        impl Wake for Token {
            fn wake(self: Arc<Self>) {
                self.wake_by_ref();
            }

            fn wake_by_ref(self: &Arc<Self>) {
                // ORDERING: Release pairs with the Acquire in `park_until`: whoever wakes up sees
                // what the waker did before.
                if !self.woken.swap(true, Release) {
                    self.thread.unpark();
                }
            }
        }

        impl Parker {
            /// For the calling thread.
            #[expect(clippy::new_without_default, reason = "it belongs to the calling thread")]
            pub fn new() -> Self {
                let thread = thread::current();
                Self(Arc::new(Token { thread, woken: AtomicBool::new(false) }))
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
                    // ORDERING: Acquire pairs with the Release in `wake_by_ref`.
                    if self.0.woken.swap(false, Acquire) {
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

    /// Without threads: whoever waits for the lock spins.
    #[cfg(not(feature = "std"))]
    mod spinning {
        use core::{
            cell::UnsafeCell,
            sync::atomic::{
                AtomicBool,
                Ordering::{Acquire, Relaxed, Release},
            },
        };

        pub(crate) struct Lock<T> {
            held: AtomicBool,
            value: UnsafeCell<T>,
        }

        // SAFETY: `with` lends the value to one caller at a time.
        unsafe impl<T: Send> Sync for Lock<T> {}

        impl<T> Lock<T> {
            pub(crate) const fn new(value: T) -> Self {
                Self { held: AtomicBool::new(false), value: UnsafeCell::new(value) }
            }

            pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
                // ORDERING: Acquire pairs with the Release in `Open::drop`.
                while self.held.compare_exchange_weak(false, true, Acquire, Relaxed).is_err() {
                    while self.held.load(Relaxed) {
                        core::hint::spin_loop();
                    }
                }
                let _open = Open(&self.held);
                // SAFETY: `held` was false and is ours until `_open` goes.
                f(unsafe { &mut *self.value.get() })
            }
        }

        struct Open<'a>(&'a AtomicBool);

        impl Drop for Open<'_> {
            fn drop(&mut self) {
                // ORDERING: Release pairs with the Acquire in `with`.
                self.0.store(false, Release);
            }
        }
    }
}

/// loom.
#[cfg(selvedge_loom)]
mod model {
    use alloc::{sync::Arc, task::Wake};
    use core::{
        mem::ManuallyDrop,
        panic::Location,
        sync::atomic::{
            AtomicBool,
            Ordering::{self, Relaxed},
        },
        task::Waker,
    };
    use std::{borrow::ToOwned, string::String, sync::OnceLock, time::Instant};

    use super::super::log;
    pub use super::super::log::Label;

    pub(super) struct Lock<T>(loom::sync::Mutex<T>);

    impl<T> Lock<T> {
        #[track_caller]
        pub(super) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        #[track_caller]
        pub(super) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
            f(&mut self.0.lock().expect("no code of a user's runs inside, so nothing panics there"))
        }
    }

    pub(super) struct Cell<T>(loom::cell::UnsafeCell<T>);

    impl<T> Cell<T> {
        #[track_caller]
        pub(super) fn new(value: T) -> Self {
            Self(loom::cell::UnsafeCell::new(value))
        }

        #[track_caller]
        pub(super) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            self.0.with_mut(f)
        }
    }

    pub(super) struct Track(loom::cell::UnsafeCell<()>);
    pub(super) type Reading = Token<loom::cell::ConstPtr<()>>;
    pub(super) type Writing = Token<loom::cell::MutPtr<()>>;

    /// One of loom's tracked pointers; in a failed model it is forgotten instead of ended.
    pub(super) struct Token<P>(ManuallyDrop<P>);

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
            if !doomed() {
                // SAFETY: nothing uses the pointer after this.
                unsafe { ManuallyDrop::drop(&mut self.0) }
            }
        }
    }

    impl Track {
        #[track_caller]
        pub(super) fn new() -> Self {
            Self(loom::cell::UnsafeCell::new(()))
        }

        #[track_caller]
        pub(super) fn reading(&self) -> Reading {
            Token(ManuallyDrop::new(self.0.get()))
        }

        #[track_caller]
        pub(super) fn writing(&self) -> Writing {
            Token(ManuallyDrop::new(self.0.get_mut()))
        }
    }

    /// Whether a model has failed, so that destructors keep away from loom: a second panic would
    /// abort the test.
    pub fn doomed() -> bool {
        std::thread::panicking()
    }

    /// Lets another thread go on, in a loop that waits for it.
    pub fn relax() {
        loom::thread::yield_now();
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

    /// Puts the thread that made it to sleep until its waker is woken.
    ///
    /// loom 0.7.3's `unpark` also wakes a thread that sits in `join`, and lends its clock to one
    /// that runs, which hides races. So it is called for a thread that really sits in [`park`]
    /// alone. The two flags are plain: loom changes threads at its own operations only.
    ///
    /// [`park`]: Self::park
    #[derive(Debug)]
    pub struct Parker(Arc<Sleeper>);

    #[derive(Debug)]
    struct Sleeper {
        thread: loom::thread::Thread,
        column: usize,
        woken: AtomicBool,
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
            if !self.woken.swap(true, Relaxed) {
                log::wakes(self.column);
                if self.parked.load(Relaxed) {
                    self.thread.unpark();
                }
            }
        }
    }

    impl Parker {
        /// For the calling thread.
        #[expect(clippy::new_without_default, reason = "it belongs to the calling thread")]
        pub fn new() -> Self {
            Self(Arc::new(Sleeper {
                thread: loom::thread::current(),
                column: log::column(),
                woken: AtomicBool::new(false),
                parked: AtomicBool::new(false),
            }))
        }

        /// Wakes the thread that made this.
        pub fn waker(&self) -> Waker {
            Waker::from(Arc::clone(&self.0))
        }

        /// Sleeps until woken; at once if that happened since the last time.
        pub fn park(&self) {
            if !self.0.woken.swap(false, Relaxed) {
                log::sleeps();
                self.0.parked.store(true, Relaxed);
                loom::thread::park();
                self.0.parked.store(false, Relaxed);
                self.0.woken.store(false, Relaxed);
                log::woken();
            }
        }

        /// As [`park`](Self::park): a model has no clock of its own, so the deadline never comes.
        pub fn park_until(&self, _deadline: Option<Instant>) -> bool {
            self.park();
            true
        }
    }

    /// loom's atomics, with each ordering open to weakening at one place in the code.
    pub mod atomic {
        use core::panic::Location;

        pub use loom::sync::atomic::Ordering;

        use super::weakened;

        /// A fence, unless it is the one that is weakened.
        #[track_caller]
        pub fn fence(ordering: Ordering) {
            if weakened(ordering, Location::caller()) != Ordering::Relaxed {
                loom::sync::atomic::fence(ordering);
            }
        }

        macro_rules! atomics {
            ($($name:ident($value:ty) $(<$t:ident>)?: $([$op:ident])*;)*) => {$(
                #[doc = concat!("loom's `", stringify!($name), "`.")]
                #[derive(Debug)]
                pub struct $name $(<$t>)?(loom::sync::atomic::$name $(<$t>)?);

                impl $(<$t>)? $name $(<$t>)? {
                    /// Wraps `value`.
                    #[track_caller]
                    pub fn new(value: $value) -> Self {
                        Self(loom::sync::atomic::$name::new(value))
                    }

                    /// As `core`'s.
                    #[track_caller]
                    pub fn load(&self, ordering: Ordering) -> $value {
                        self.0.load(weakened(ordering, Location::caller()))
                    }

                    /// As `core`'s.
                    #[track_caller]
                    pub fn store(&self, value: $value, ordering: Ordering) {
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

                    atomics!(@op $value: swap);
                    $(atomics!(@op $value: $op);)*
                }
            )*};
            (@op $value:ty: $op:ident) => {
                /// As `core`'s.
                #[track_caller]
                pub fn $op(&self, value: $value, ordering: Ordering) -> $value {
                    self.0.$op(value, weakened(ordering, Location::caller()))
                }
            };
        }

        atomics! {
            AtomicBool(bool): [fetch_and] [fetch_or] [fetch_xor];
            AtomicU8(u8): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
            AtomicU32(u32): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
            AtomicU64(u64): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
            AtomicUsize(usize): [fetch_add] [fetch_sub] [fetch_and] [fetch_or] [fetch_xor];
            AtomicPtr(*mut T) <T>: ;
        }
    }
}
