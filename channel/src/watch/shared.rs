//! How a value is replaced, changed and looked at. The picture is in the head of `watch.rs`.

use alloc::vec::Vec;
use core::{fmt, mem, sync::atomic::Ordering::Relaxed, task::Waker};

use selvedge_sync::raw::{
    line::Primitive,
    shim::{Label, Lock, atomic::AtomicUsize, mutant},
};

use crate::raw::{
    gate::Gate,
    kept::{self, Kept, Wanted},
};

/// What senders and receivers share.
pub(super) struct Shared<T> {
    /// The version of the value; closed once there is no sender.
    pub(super) version: Gate,
    /// Rises whenever there is no receiver any more.
    pub(super) deserted: Gate,
    pub(super) senders: AtomicUsize,
    pub(super) receivers: AtomicUsize,
    current: Lock<Current<T>>,
}

/// The value, and the threads that wait for it.
struct Current<T> {
    /// `None` while a closure has it.
    kept: Option<Kept<T>>,
    parked: Vec<Waker>,
}

/// A look at the value.
pub(super) type Look<'a, T> = kept::Look<'a, T, Shared<T>>;

impl<T> Shared<T> {
    pub(super) fn new(value: T) -> Self {
        Self {
            version: Gate::new(Label::new("watch")),
            deserted: Gate::new(Label::new("receivers")),
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
            current: Lock::new(Current { kept: Some(Kept::new(value)), parked: Vec::new() }),
        }
    }

    /// Looks at the value, and at its version.
    #[inline]
    pub(super) fn look(&self) -> (Look<'_, T>, u64) {
        self.current
            .with(|current| self.look_inside(current))
            .unwrap_or_else(|| self.wait(|current| self.look_inside(current)))
    }

    #[inline(always)]
    fn look_inside(&self, current: &mut Current<T>) -> Option<(Look<'_, T>, u64)> {
        let kept = current.kept.as_ref()?;
        Some((kept.look(self), self.version.look().number()))
    }

    /// Puts `value` in the place of the one that is there. That goes when the last one that looks
    /// at it has gone, wherever that is.
    #[inline]
    pub(super) fn send(&self, value: T) {
        match self.replace(value) {
            Replaced::Value(old) => drop(old),
            Replaced::Kept(old) => drop(old),
        }
    }

    /// As [`send`](Self::send), and waits for those that look at the old value.
    pub(super) fn send_replace(&self, value: T) -> T {
        match self.replace(value) {
            Replaced::Value(old) => old,
            Replaced::Kept(old) => {
                self.alone(&old);
                old.into_value().unwrap_or_else(|_| unreachable!("nobody looks at it any more"))
            }
        }
    }

    #[inline]
    fn replace(&self, value: T) -> Replaced<T> {
        let mut value = Some(value);
        let replaced = self.current.with(|current| {
            let kept = current.kept.as_mut()?;
            let old =
                kept.with_mut(|place| value.take().map(|value| mem::replace(place, value)))??;
            Some((Replaced::Value(old), self.version.step()))
        });
        let (replaced, was) = replaced.unwrap_or_else(|| {
            // Somebody looks at it, or changes it: the new one comes beside it.
            let mut fresh = value.take().map(Kept::new);
            self.wait(|current| {
                current.kept.as_ref()?;
                let old = mem::replace(&mut current.kept, fresh.take())?;
                Some((Replaced::Kept(old), self.version.step()))
            })
        });
        self.version.note("sent");
        if was.has_line() {
            self.version.wake();
        }
        replaced
    }

    /// Lets `f` change the value; if it says that it did, this is a new version.
    pub(super) fn send_if_modified(&self, f: impl FnOnce(&mut T) -> bool) -> bool {
        /// Puts the value back, whatever the closure does.
        struct Lent<'a, T>(&'a Shared<T>, Option<Kept<T>>);

        impl<T> Lent<'_, T> {
            /// Whether there is a line to be woken.
            fn put_back(&mut self, is_new: bool) -> bool {
                let Some(kept) = self.1.take() else { return false };
                let (parked, has_line) = self.0.current.with(|current| {
                    current.kept = Some(kept);
                    let has_line = is_new && self.0.version.step().has_line();
                    (mem::take(&mut current.parked), has_line)
                });
                if !mutant!("watch: those that wait for the value are not told") {
                    parked.into_iter().for_each(Waker::wake);
                }
                has_line
            }
        }

        impl<T> Drop for Lent<'_, T> {
            fn drop(&mut self) {
                self.put_back(false);
            }
        }

        let kept = self.wait(|current| current.kept.take());
        let mut lent = Lent(self, Some(kept));
        let Some(kept) = lent.1.as_mut() else { unreachable!("it was put there above") };
        self.alone(kept);
        let Some(is_new) = kept.with_mut(f) else { unreachable!("nobody looks at it") };
        if lent.put_back(is_new) {
            self.version.wake();
        }
        if is_new {
            self.version.note("sent");
        }
        is_new
    }

    /// Waits until nobody looks at a value that nobody can begin to look at.
    fn alone(&self, kept: &Kept<T>) {
        if !kept.is_alone() {
            kept.want();
            self.wait(|_| kept.is_alone().then_some(()));
            kept.had();
        }
    }

    /// Parks the calling thread until `f` finds something.
    #[cold]
    #[cfg(any(feature = "std", selvedge_loom))]
    fn wait<R>(&self, mut f: impl FnMut(&mut Current<T>) -> Option<R>) -> R {
        use core::task::Poll;

        selvedge_sync::raw::block::block_on(core::future::poll_fn(|cx| {
            let waker = cx.waker().clone();
            self.current.with(|current| match f(current) {
                Some(found) => Poll::Ready(found),
                None => {
                    current.parked.push(waker);
                    Poll::Pending
                }
            })
        }))
    }

    /// Spins until `f` finds something.
    #[cold]
    #[cfg(not(any(feature = "std", selvedge_loom)))]
    fn wait<R>(&self, mut f: impl FnMut(&mut Current<T>) -> Option<R>) -> R {
        loop {
            if let Some(found) = self.current.with(&mut f) {
                return found;
            }
            selvedge_sync::raw::shim::relax();
        }
    }

    /// A receiver more.
    pub(super) fn enter(&self) {
        self.receivers.fetch_add(1, Relaxed);
    }

    /// A receiver less.
    pub(super) fn leave(&self) {
        if self.receivers.fetch_sub(1, Relaxed) == 1 {
            self.deserted.note("deserted");
            if self.deserted.step().has_line() {
                self.deserted.wake();
            }
        }
    }

    /// A sender less.
    pub(super) fn retire(&self) {
        if self.senders.fetch_sub(1, Relaxed) == 1 && self.version.close().has_line() {
            self.version.wake();
        }
    }
}

enum Replaced<T> {
    /// Nobody looked at it.
    Value(T),
    /// Somebody may look at it still.
    Kept(Kept<T>),
}

impl<T> Wanted for Shared<T> {
    #[cold]
    fn tell(&self) {
        let parked = self.current.with(|current| mem::take(&mut current.parked));
        parked.into_iter().for_each(Waker::wake);
    }
}

// SAFETY: the gate is a field.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl<T> Primitive for Shared<T> {
    type Core = Gate;

    #[inline(always)]
    fn core(&self) -> &Gate {
        &self.version
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("version", &self.version).finish_non_exhaustive()
    }
}
