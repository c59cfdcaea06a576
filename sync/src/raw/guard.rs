//! Access to a value for as long as a turn is held.
//!
//! Every guard of every lock is a [`Lent`]: a [`Hold`], which has the turn and gives it back, and a
//! pointer to the part of the value that is lent. What differs is a type argument:
//!
//! | argument | says                       | is                                             |
//! |----------|----------------------------|------------------------------------------------|
//! | `H`      | how the lock is kept alive | `&'a Mutex<T>`, `&'a Core`, `Arc<RwLock<T>>` … |
//! | `A`      | what the turn allows       | a [`Mode`] of the lock's                       |
//! | `P`      | what is lent               | [`Shared`] (covariant) or [`Unique`] (invariant) |
//!
//! The guards' Send, Sync and variance follow from these parts: none has an `unsafe impl`.
//!
//! Invariant: a `Lent` is made by [`Hold::lend`] from the value that its own turn protects, and its
//! part changes only to a part of that part.
#![expect(unsafe_code, reason = "a guard lends out the value that its turn protects")]

use core::{
    cell::UnsafeCell,
    fmt,
    panic::{RefUnwindSafe, UnwindSafe},
};

use super::{
    line::{Asks, Handle, Primitive, Turn, Turns},
    shim::{Reading, Track, const_in_build},
};

pub use self::part::{Part, Shared, Unique};
#[cfg(any(feature = "mutex", feature = "rwlock"))]
pub(crate) use self::stamp::{guard, map};

mod part;
#[cfg(any(feature = "mutex", feature = "rwlock"))]
mod stamp;

/// A value that turns protect.
#[derive(Debug)]
pub struct Value<T: ?Sized>(UnsafeCell<T>);

// Whoever panics inside gives the lock back and leaves the value as it is: as broken as its own
// type lets it be.
impl<T: ?Sized + RefUnwindSafe> RefUnwindSafe for Value<T> {}
impl<T: ?Sized + UnwindSafe> UnwindSafe for Value<T> {}

impl<T> Value<T> {
    const_in_build! {
        /// Wraps `value`.
        pub fn new(value: T) -> Self {
            Self(UnsafeCell::new(value))
        }
    }

    /// Unwraps it.
    pub fn into_inner(self) -> T {
        self.0.into_inner()
    }
}

impl<T: ?Sized> Value<T> {
    /// Lends the value to whoever has the whole lock.
    pub fn get_mut(&mut self) -> &mut T {
        self.0.get_mut()
    }
}

/// The head of a lock, which knows nothing of its value's type.
pub trait Lending: Turns {
    /// The record of who may touch the value.
    fn track(&self) -> &Track;
}

/// A lock: turns, and the value that they protect.
///
/// # Safety
///
/// `value` always leads to the same place. While a turn of a mode that
/// [writes](Mode::WRITES) is out, no other turn is that lends the value.
pub unsafe trait Lends: Primitive<Core: Lending> {
    /// What is lent.
    type Value: ?Sized;

    /// Where it is.
    fn value(&self) -> &Value<Self::Value>;
}

/// What a turn allows its holder. It does not name what is asked for: else a [`Hold`] would be
/// invariant in its handle.
pub trait Mode: Copy {
    /// Whether the holder may write.
    const WRITES: bool;

    /// Kept while the value is lent.
    type Token;

    /// Notes that the value is lent.
    fn token(track: &Track) -> Self::Token;
}

/// Declares a [`Mode`]: a name, `Reading` or `Writing`, and what it asks for.
#[cfg(any(feature = "mutex", feature = "rwlock"))]
macro_rules! mode {
    ($(#[$doc:meta])* $name:ident: $token:ident $method:ident $writes:literal, $ask:expr => $of:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(crate) struct $name;

        impl $crate::raw::line::Asks<$of> for $name {
            #[inline(always)]
            fn ask(self) -> $of {
                $ask
            }

            #[inline(always)]
            fn granted(_: $of) -> Self {
                Self
            }
        }

        impl $crate::raw::guard::Mode for $name {
            const WRITES: bool = $writes;
            type Token = $crate::raw::shim::$token;

            #[inline(always)]
            #[cfg_attr(selvedge_loom, track_caller)]
            fn token(track: &$crate::raw::shim::Track) -> Self::Token {
                track.$method()
            }
        }
    };
}
#[cfg(any(feature = "mutex", feature = "rwlock"))]
pub(crate) use mode;

type Ask<H> = <<<H as core::ops::Deref>::Target as Primitive>::Core as Turns>::Ask;

/// A turn that lends a value.
// The order of the fields is the order in which they go: first the access ends, then the turn.
pub struct Hold<H: Handle, A: Asks<Ask<H>> + Mode> {
    token: A::Token,
    turn: Turn<H, A>,
}

impl<H, A> Hold<H, A>
where
    H: Handle<Target: Primitive<Core: Lending>>,
    A: Asks<Ask<H>> + Mode,
{
    /// The access that comes with `turn`.
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn new(turn: Turn<H, A>) -> Self {
        Self { token: A::token(turn.handle().core().track()), turn }
    }

    /// The lock.
    #[inline]
    pub fn handle(&self) -> &H {
        self.turn.handle()
    }

    /// The same lock held in another way: `change` is the step on the state.
    #[inline]
    pub fn become_<B: Asks<Ask<H>> + Mode>(
        self,
        asks: B,
        change: impl FnOnce(&<H::Target as Primitive>::Core),
    ) -> Hold<H, B> {
        let Self { token, turn } = self;
        drop(token);
        // The new token comes before the step: whoever enters by it finds the access noted.
        let track_first = B::token(turn.handle().core().track());
        Hold { token: track_first, turn: turn.become_(asks, change) }
    }
}

impl<H, A> Hold<H, A>
where
    H: Handle<Target: Lends>,
    A: Asks<Ask<H>> + Mode,
{
    /// Lends the whole value.
    #[inline(always)]
    pub fn lend<P>(self) -> Lent<H, A, P>
    where
        P: Part<Target = <H::Target as Lends>::Value>,
    {
        let part = P::of(self.handle().value().0.get());
        Lent { part, hold: self }
    }
}

/// A value, or a part of one, for as long as a turn is held: what every named guard is made of.
pub struct Lent<H: Handle, A: Asks<Ask<H>> + Mode, P> {
    part: P,
    hold: Hold<H, A>,
}

impl<H: Handle, A: Asks<Ask<H>> + Mode, P: Part> Lent<H, A, P> {
    /// Reads.
    #[inline(always)]
    pub fn get(&self) -> &P::Target {
        // SAFETY: `hold` has a turn, which lets this guard read the part (invariant) and keeps
        // writers away.
        unsafe { &*self.part.get() }
    }

    /// Writes.
    #[inline(always)]
    pub fn get_mut(&mut self) -> &mut P::Target {
        const { assert!(A::WRITES, "a guard that reads lends nothing for writing") }
        // SAFETY: `hold` has a turn that writes, so it is alone on the value (`Lends`).
        unsafe { &mut *self.part.get() }
    }

    /// What holds the lock.
    #[inline]
    pub fn hold(&self) -> &Hold<H, A> {
        &self.hold
    }

    /// Narrows a guard that reads to a part; gives it back where `f` finds none.
    ///
    /// # Errors
    ///
    /// The guard, unchanged.
    pub fn try_map_shared<U: ?Sized>(
        self,
        f: impl FnOnce(&P::Target) -> Option<&U>,
    ) -> Result<Lent<H, A, Shared<U>>, Self> {
        match f(self.get()) {
            Some(part) => {
                let part = Shared(core::ptr::from_ref(part));
                Ok(Lent { part, hold: self.hold })
            }
            None => Err(self),
        }
    }

    /// Narrows a guard that writes to a part; gives it back where `f` finds none.
    ///
    /// # Errors
    ///
    /// The guard, unchanged.
    pub fn try_map_unique<U: ?Sized>(
        mut self,
        f: impl FnOnce(&mut P::Target) -> Option<&mut U>,
    ) -> Result<Lent<H, A, Unique<U>>, Self> {
        match f(self.get_mut()).map(core::ptr::from_mut) {
            Some(part) => Ok(Lent { part: Unique(part), hold: self.hold }),
            None => Err(self),
        }
    }
}

impl<H, A, U> Lent<H, A, Unique<U>>
where
    H: Handle<Target: Primitive<Core: Lending>>,
    A: Asks<Ask<H>> + Mode,
    U: ?Sized,
{
    /// The same value, held in another way that may write or come to it: `change` is the step on
    /// the state.
    pub fn become_unique<B: Asks<Ask<H>> + Mode>(
        self,
        asks: B,
        change: impl FnOnce(&<H::Target as Primitive>::Core),
    ) -> Lent<H, B, Unique<U>> {
        Lent { part: self.part, hold: self.hold.become_(asks, change) }
    }

    /// A part of the value, from now on for reading: `change` is the step on the state. Comes back
    /// where `f` finds none.
    ///
    /// # Errors
    ///
    /// The guard, unchanged.
    pub fn try_become_shared<B: Asks<Ask<H>> + Mode, V: ?Sized>(
        self,
        asks: B,
        f: impl FnOnce(&U) -> Option<&V>,
        change: impl FnOnce(&<H::Target as Primitive>::Core),
    ) -> Result<Lent<H, B, Shared<V>>, Self> {
        const { assert!(!B::WRITES, "what others read as well is not for writing") }
        match f(self.get()).map(core::ptr::from_ref) {
            Some(part) => Ok(Lent { part: Shared(part), hold: self.hold.become_(asks, change) }),
            None => Err(self),
        }
    }
}

impl<H, A, U> Lent<H, A, Unique<U>>
where
    H: Handle<Target: Primitive<Core: Lending>>,
    A: Asks<Ask<H>> + Mode<Token = Reading>,
    U: ?Sized,
{
    /// The lock's head, and what a turn of it that writes needs to lend the value in this guard's
    /// stead.
    pub fn stand_in(&mut self) -> (&<H::Target as Primitive>::Core, StandIn<'_, U>) {
        let core = self.hold.turn.handle().core();
        let paused = Paused { track: core.track(), reading: &mut self.hold.token };
        (core, StandIn { part: Unique(self.part.0), paused })
    }
}

/// The value of a guard that reads, for a turn that writes and ends before the guard does.
pub struct StandIn<'g, U: ?Sized> {
    part: Unique<U>,
    paused: Paused<'g>,
}

impl<'g, U: ?Sized> StandIn<'g, U> {
    /// Lends the value to `turn`, which is of the same lock and has taken the guard's place; what
    /// comes with it is to be dropped last.
    #[cfg_attr(selvedge_loom, track_caller)]
    pub fn lend<H, A>(self, turn: Turn<H, A>) -> (Lent<H, A, Unique<U>>, Paused<'g>)
    where
        H: Handle<Target: Primitive<Core: Lending>>,
        A: Asks<Ask<H>> + Mode,
    {
        let Self { part, paused } = self;
        paused.track.pause(paused.reading);
        (Lent { part, hold: Hold::new(turn) }, paused)
    }
}

/// Ends with the access of a [`StandIn`]: the guard reads again.
pub struct Paused<'g> {
    track: &'g Track,
    reading: &'g mut Reading,
}

// The reading that goes on is of the same value as before, which says itself how broken it is.
impl UnwindSafe for Paused<'_> {}

impl Drop for Paused<'_> {
    #[inline]
    fn drop(&mut self) {
        self.track.resume(self.reading);
    }
}

impl<'a, L, A, P> Lent<&'a L, A, P>
where
    L: Primitive<Core: Primitive<Core = L::Core> + Sized> + ?Sized,
    A: Asks<<L::Core as Turns>::Ask> + Mode,
{
    /// The same access, through the head of the lock alone: a mapped guard does not name the type
    /// of the whole value.
    #[inline]
    pub fn narrow(self) -> Lent<&'a L::Core, A, P> {
        let Hold { token, turn } = self.hold;
        Lent { part: self.part, hold: Hold { token, turn: turn.narrow() } }
    }
}

impl<H: Handle, A: Asks<Ask<H>> + Mode> fmt::Debug for Hold<H, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hold")
    }
}

impl<H: Handle, A: Asks<Ask<H>> + Mode, P> fmt::Debug for Lent<H, A, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lent")
    }
}

impl<U: ?Sized> fmt::Debug for StandIn<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StandIn")
    }
}

impl fmt::Debug for Paused<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Paused")
    }
}
