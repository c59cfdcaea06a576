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

#[cfg(not(selvedge_loom))]
mod build;
#[cfg(selvedge_loom)]
mod model;

#[cfg(all(feature = "std", not(selvedge_loom)))]
pub use self::build::{Flag, Parker};
#[cfg(not(selvedge_loom))]
pub use self::build::{Heap, Label, doomed, relax};
#[cfg(selvedge_loom)]
pub use self::model::{Flag, Heap, Label, Open, Parker, atomic, doomed, mutant, open, relax};

#[cfg(not(selvedge_loom))]
use self::build as imp;
#[cfg(selvedge_loom)]
use self::model as imp;

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
        self.hold().with_or(arg, f, g)
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

    /// Runs `f`, and gives the lock back; if that fails, hands it to `g`.
    #[inline(always)]
    pub fn with_or<A, R>(
        mut self,
        arg: A,
        f: impl FnOnce(&mut T, A) -> Result<R, A>,
        g: impl FnOnce(Self, A) -> R,
    ) -> R {
        match f(self.0.value(), arg) {
            Ok(done) => {
                drop(self);
                done
            }
            Err(arg) => g(self, arg),
        }
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
