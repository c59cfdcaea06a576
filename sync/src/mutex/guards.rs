//! The guards of a mutex: borrowed or owned, of the whole value or of a part.

use alloc::sync::Arc;
use core::marker::PhantomData;

use super::{
    Mutex,
    turns::{Alone, Core},
};
use crate::raw::{
    guard::{Hold, Lent, Unique, guard, map},
    line::Turn,
};

/// Access to the value of a [`Mutex`], until dropped.
#[must_use = "the mutex is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct MutexGuard<'a, T: ?Sized> {
    lent: Lent<&'a Mutex<T>, Alone, Unique<T>>,
}

/// Access to a part of the value of a [`Mutex`], until dropped.
#[must_use = "the mutex is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct MappedMutexGuard<'a, T: ?Sized> {
    lent: Lent<&'a Core, Alone, Unique<T>>,
    _borrows: PhantomData<&'a mut T>,
}

/// A [`MutexGuard`] that keeps the mutex alive by an [`Arc`]: of [`Mutex::lock_owned`].
#[must_use = "the mutex is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct OwnedMutexGuard<T: ?Sized> {
    lent: Lent<Arc<Mutex<T>>, Alone, Unique<T>>,
    _owns: PhantomData<alloc::boxed::Box<T>>,
}

/// A [`MappedMutexGuard`] that keeps the mutex alive by an [`Arc`].
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
///
/// use selvedge_sync::{Mutex, OwnedMutexGuard};
///
/// let cloth = Arc::new(Mutex::new((0, "twill")));
/// // To a thread of its own, with the right to one part.
/// let rows = OwnedMutexGuard::map(cloth.clone().try_lock_owned()?, |(rows, _)| rows);
/// std::thread::spawn(move || {
///     let mut rows = rows;
///     *rows += 1;
/// })
/// .join()
/// .unwrap();
/// assert_eq!(*cloth.try_lock()?, (1, "twill"));
/// # Ok::<(), selvedge_sync::TryLockError>(())
/// ```
#[must_use = "the mutex is given back at once if the guard is not kept"]
#[clippy::has_significant_drop]
pub struct OwnedMappedMutexGuard<T: ?Sized, U: ?Sized = T> {
    lent: Lent<Arc<Mutex<T>>, Alone, Unique<U>>,
    _owns: PhantomData<alloc::boxed::Box<T>>,
}

// As for `MutexGuard`: `_borrows` is there for the variance, and says nothing of unwinding.
impl<T: ?Sized + core::panic::RefUnwindSafe> core::panic::UnwindSafe for MappedMutexGuard<'_, T> {}

guard! { ['a, T: ?Sized] MutexGuard<'a, T>: T, writes }
guard! { ['a, T: ?Sized] MappedMutexGuard<'a, T>: T, writes }
guard! { [T: ?Sized] OwnedMutexGuard<T>: T, writes }
guard! { [T: ?Sized, U: ?Sized] OwnedMappedMutexGuard<T, U>: U, writes }

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(super) fn new(turn: Turn<&'a Mutex<T>, Alone>) -> Self {
        Self::of(Hold::new(turn).lend())
    }

    #[inline(always)]
    fn of(lent: Lent<&'a Mutex<T>, Alone, Unique<T>>) -> Self {
        Self { lent }
    }

    map! { [U, F] &mut T => MappedMutexGuard<'a, U>, |lent| MappedMutexGuard::of(lent.narrow()) }

    /// The mutex that this guard holds.
    pub fn mutex(this: &Self) -> &'a Mutex<T> {
        this.lent.hold().handle()
    }
}

impl<'a, T: ?Sized> MappedMutexGuard<'a, T> {
    fn of(lent: Lent<&'a Core, Alone, Unique<T>>) -> Self {
        Self { lent, _borrows: PhantomData }
    }

    map! { [U, F] &mut T => MappedMutexGuard<'a, U>, |lent| MappedMutexGuard::of(lent) }
}

impl<T: ?Sized> OwnedMutexGuard<T> {
    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    pub(super) fn new(turn: Turn<Arc<Mutex<T>>, Alone>) -> Self {
        Self::of(Hold::new(turn).lend())
    }

    #[inline(always)]
    fn of(lent: Lent<Arc<Mutex<T>>, Alone, Unique<T>>) -> Self {
        Self { lent, _owns: PhantomData }
    }

    map! { [U, F] &mut T => OwnedMappedMutexGuard<T, U>, |lent| OwnedMappedMutexGuard::of(lent) }

    /// The mutex that this guard holds.
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        this.lent.hold().handle()
    }
}

impl<T: ?Sized, U: ?Sized> OwnedMappedMutexGuard<T, U> {
    fn of(lent: Lent<Arc<Mutex<T>>, Alone, Unique<U>>) -> Self {
        Self { lent, _owns: PhantomData }
    }

    map! { [V, F] &mut U => OwnedMappedMutexGuard<T, V>, |lent| OwnedMappedMutexGuard::of(lent) }

    /// The mutex that this guard holds.
    pub fn mutex(this: &Self) -> &Arc<Mutex<T>> {
        this.lent.hold().handle()
    }
}

/// A guard that writes is invariant in what it lends: else a shorter-lived value could be left in a
/// longer-lived place.
///
/// ```
/// use selvedge_sync::MutexGuard;
/// fn same<'a>(guard: MutexGuard<'a, &'static str>) -> MutexGuard<'a, &'static str> { guard }
/// fn nearer<'a: 'b, 'b>(guard: MutexGuard<'a, str>) -> MutexGuard<'b, str> { guard }
/// ```
/// ```compile_fail
/// use selvedge_sync::MutexGuard;
/// fn shorter<'a, 's>(guard: MutexGuard<'a, &'static str>) -> MutexGuard<'a, &'s str> { guard }
/// ```
/// ```compile_fail
/// use selvedge_sync::MappedMutexGuard;
/// fn shorter<'a, 's>(guard: MappedMutexGuard<'a, &'static str>) -> MappedMutexGuard<'a, &'s str> {
///     guard
/// }
/// ```
/// ```compile_fail
/// use selvedge_sync::OwnedMappedMutexGuard as Guard;
/// fn shorter<'s>(guard: Guard<u8, &'static str>) -> Guard<u8, &'s str> { guard }
/// ```
#[cfg(doctest)]
struct Variance;
