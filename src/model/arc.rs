//! An `Arc` whose every clone loom follows.

use core::{fmt, mem, ops::Deref};

use selvedge_sync::raw::shim;

/// For shared state, as [`std::sync::Arc`]: under the flag loom reports one that is never dropped,
/// and whoever drops the last of them without having seen what the others did.
pub struct Arc<T: ?Sized>(Option<loom::sync::Arc<T>>);

impl<T> Arc<T> {
    /// Shares `value`.
    #[track_caller]
    pub fn new(value: T) -> Self {
        Self(Some(loom::sync::Arc::new(value)))
    }
}

impl<T: ?Sized> Arc<T> {
    /// How many share it.
    pub fn strong_count(this: &Self) -> usize {
        loom::sync::Arc::strong_count(this.inner())
    }

    /// Whether both are the same.
    pub fn ptr_eq(this: &Self, other: &Self) -> bool {
        loom::sync::Arc::ptr_eq(this.inner(), other.inner())
    }

    fn inner(&self) -> &loom::sync::Arc<T> {
        self.0.as_ref().expect("it is there until it is dropped")
    }
}

impl<T: ?Sized> Clone for Arc<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T: ?Sized> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.inner()
    }
}

impl<T: ?Sized> Drop for Arc<T> {
    fn drop(&mut self) {
        if shim::doomed() {
            // loom's own would panic a second time, and abort the test.
            mem::forget(self.0.take());
        }
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Arc<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
