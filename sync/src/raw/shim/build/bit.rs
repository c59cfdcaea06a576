//! A lock that is a bit.

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
        // A holder that runs is gone after a pause or two, of some 25 ns each; but whoever takes
        // the lock as soon as that makes both wait for the memory that it guards, which moves
        // from core to core at every turn. So the first wait is long enough for the other to go on
        // for a while alone, and each later one is twice as long.
        const FIRST: u32 = 32;
        const LONGEST: u32 = 128;
        let mut pauses = FIRST;
        loop {
            if pauses <= LONGEST {
                for _ in 0..pauses {
                    core::hint::spin_loop();
                }
                pauses *= 2;
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
