//! What a thread has seen, for another to see: a Release without a place in memory.
//!
//! An atomic would be a place where loom changes threads, and a race for it to explore: for each
//! wake-up both of two orders that nobody can tell apart. loom's lazy statics are what it orders
//! threads by without either, so a clock is one of them: begun by the thread that leaves it, read
//! by whoever finds it. A plain `unpark` of a thread that runs would lend it all that at once.

use alloc::boxed::Box;
use core::{cell::RefCell, marker::PhantomData};
use std::{thread_local, vec::Vec};

use loom::lazy_static::Lazy;

/// What a thread had seen when it made this.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(&'static Lazy<()>);

/// The statics that the schedules on this thread use, one after the other and each anew.
struct Statics {
    is_open: bool,
    used: usize,
    all: Vec<&'static Lazy<()>>,
}

thread_local! {
    static STATICS: RefCell<Statics> =
        const { RefCell::new(Statics { is_open: false, used: 0, all: Vec::new() }) };
}

/// Kept while a schedule runs. Its threads that outlive the main one leave no clocks: loom
/// has put its statics away by then.
#[derive(Debug)]
pub struct Open(());

/// Opens a schedule.
pub fn open() -> Open {
    STATICS.with_borrow_mut(|statics| (statics.is_open, statics.used) = (true, 0));
    Open(())
}

impl Drop for Open {
    fn drop(&mut self) {
        STATICS.with_borrow_mut(|statics| statics.is_open = false);
    }
}

impl Clock {
    /// What the calling thread has seen; nothing between schedules.
    pub(super) fn of_caller() -> Option<Self> {
        let lazy = STATICS.with_borrow_mut(|statics| {
            statics.used += usize::from(statics.is_open);
            let next = statics.used.checked_sub(1).filter(|_| statics.is_open)?;
            if next == statics.all.len() {
                statics.all.push(Box::leak(Box::new(Lazy { init: || (), _p: PhantomData })));
            }
            Some(statics.all[next])
        })?;
        lazy.get();
        Some(Self(lazy))
    }

    /// Lets the calling thread have seen it, too.
    pub(super) fn join(self) {
        if !super::doomed() && STATICS.with_borrow(|statics| statics.is_open) {
            self.0.get();
        }
    }
}
