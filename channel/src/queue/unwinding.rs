//! What is done although a panic comes in between.

use super::{Order, Queue};

/// An item on its way out, while wakers are touched: should one panic, the item goes back.
pub(super) struct Unclaimed<'a, T, O: Order<T>> {
    pub(super) queue: &'a Queue<T, O>,
    pub(super) item: Option<T>,
    /// Whether the place that it left is for others, or was.
    pub(super) has_given_place: bool,
}

impl<T, O: Order<T>> Drop for Unclaimed<'_, T, O> {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            calmly(|| self.queue.put_back(item, self.has_given_place));
        }
    }
}

/// Is done in the end, although what is before it panics.
pub(super) struct Finally<F: FnMut()>(pub(super) F);

impl<F: FnMut()> Drop for Finally<F> {
    fn drop(&mut self) {
        calmly(&mut self.0);
    }
}

/// Runs `f`, also while a panic is on its way.
pub(super) fn calmly(f: impl FnOnce()) {
    #[cfg(feature = "std")]
    if std::thread::panicking() {
        // A second panic would abort. The first one is on its way to the caller.
        drop(std::panic::catch_unwind(core::panic::AssertUnwindSafe(f)));
        return;
    }
    f();
}
