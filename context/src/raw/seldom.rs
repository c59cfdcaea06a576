//! What is seldom there, and so is dropped out of line.
//!
//! A future that waits only when something is in its way carries the sleep for that all the same.
//! Whoever drops such a future has to look whether there is one; with the code that drops it in the
//! same place, that look becomes a call which the compiler does not inline.
#![expect(unsafe_code, reason = "dropped by hand, pinned by projection")]

use core::{
    fmt,
    future::Future,
    mem::ManuallyDrop,
    pin::Pin,
    task::{Context, Poll},
};

/// A value whose drop is a call.
///
/// Invariant: the value is dropped once, by `drop`, and is pinned as this is.
pub struct Seldom<T>(ManuallyDrop<T>);

impl<T> Seldom<T> {
    /// Wraps `value`.
    #[inline]
    pub const fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }

    /// The value, to be dropped where it is often enough. It has not been pinned.
    #[inline]
    pub fn into_inner(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped, so the value leaves once.
        unsafe { ManuallyDrop::take(&mut this.0) }
    }
}

impl<F: Future> Future for Seldom<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // SAFETY: the value does not move until it is dropped, and it is dropped where it is.
        unsafe { self.map_unchecked_mut(|this| &mut *this.0) }.poll(cx)
    }
}

impl<T> Drop for Seldom<T> {
    #[inline]
    fn drop(&mut self) {
        out_of_line(&mut self.0);
    }
}

/// Drops `value`, which its owner is about to forget.
#[cold]
#[inline(never)]
fn out_of_line<T>(value: &mut ManuallyDrop<T>) {
    // SAFETY: called by `Seldom::drop` alone, after which nobody touches the value.
    unsafe { ManuallyDrop::drop(value) }
}

impl<T> fmt::Debug for Seldom<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seldom(..)")
    }
}
