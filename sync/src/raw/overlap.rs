//! A cell that finds out who touches it beside another, where chance chooses the schedules: loom's
//! cell in its simplest form, without an order of events.
//!
//! Invariant: `users` counts the readers, or is -1 while there is a writer.
#![expect(unsafe_code, reason = "the cell's pointers are lent out here")]

use alloc::sync::Arc;
use core::{
    cell::{self, Cell},
    marker::PhantomData,
};

pub(super) struct UnsafeCell<T> {
    value: cell::UnsafeCell<T>,
    users: Arc<Users>,
}

struct Users(Cell<isize>);

// SAFETY: the threads of a model take turns on one thread of the system's.
unsafe impl Send for Users {}
// SAFETY: as above.
unsafe impl Sync for Users {}

/// Kept while the value may be read.
pub(super) struct ConstPtr<T>(Arc<Users>, PhantomData<*const T>);

/// Kept while the value may be written.
pub(super) struct MutPtr<T>(Arc<Users>, PhantomData<*mut T>);

impl<T> UnsafeCell<T> {
    pub(super) fn new(value: T) -> Self {
        let users = Arc::new(Users(Cell::new(0)));
        Self { value: cell::UnsafeCell::new(value), users }
    }

    #[track_caller]
    pub(super) fn get(&self) -> ConstPtr<T> {
        let users = self.users.0.get();
        assert!(users >= 0, "a value is read while it is written");
        self.users.0.set(users + 1);
        ConstPtr(self.users.clone(), PhantomData)
    }

    #[track_caller]
    pub(super) fn get_mut(&self) -> MutPtr<T> {
        let users = self.users.0.get();
        assert!(users == 0, "a value is written while it is read or written");
        self.users.0.set(-1);
        MutPtr(self.users.clone(), PhantomData)
    }

    #[track_caller]
    pub(super) fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
        let _reading = self.get();
        f(self.value.get())
    }

    #[track_caller]
    pub(super) fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
        let _writing = self.get_mut();
        f(self.value.get())
    }
}

impl<T> Drop for ConstPtr<T> {
    fn drop(&mut self) {
        self.0.0.set(self.0.0.get() - 1);
    }
}

impl<T> Drop for MutPtr<T> {
    fn drop(&mut self) {
        self.0.0.set(0);
    }
}
