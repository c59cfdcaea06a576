//! Several tasks on one thread, in the order in which they were woken; and what they leave behind.

use core::task::{Context, Waker};
use std::{
    format,
    string::String,
    sync::{Arc, Mutex, PoisonError, Weak},
    task::Wake,
    vec::Vec,
};

use selvedge_sync::raw::shim::{Flag, Parker};

use super::{design::Job, engine};

/// What must be gone when a schedule has ended: each with the sentence that tells of its leak.
#[derive(Clone, Default)]
pub(super) struct Ledger(Arc<Mutex<Vec<(String, Gone)>>>);

type Gone = std::boxed::Box<dyn Fn() -> bool + Send>;

impl Ledger {
    /// Expects all that `thing` is shared by to be gone in the end.
    pub(super) fn expect<T: Send + Sync + 'static>(&self, what: String, thing: &Arc<T>) {
        let thing: Weak<T> = Arc::downgrade(thing);
        let gone: Gone = std::boxed::Box::new(move || thing.strong_count() == 0);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((what, gone));
    }

    /// Whether all is gone; else what is not. Starts over.
    pub(super) fn close(&self) -> Result<(), String> {
        let all = core::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        match all.into_iter().find(|(_, gone)| !gone()) {
            Some((what, _)) => Err(format!("leak: {what}")),
            None => Ok(()),
        }
    }
}

#[cfg(selvedge_loom)]
impl Ledger {
    /// As [`close`](Self::close), where only a panic is heard.
    pub(super) fn check(&self) {
        if let Err(leak) = self.close() {
            panic!("{leak}");
        }
    }
}

/// A task's waker.
struct Woken(Flag, Waker);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.set();
        self.1.wake_by_ref();
    }
}

/// Runs tasks on the calling thread until all have ended; each is polled only when it was woken.
pub(super) fn run(tasks: Vec<(String, Job)>, ledger: &Ledger) {
    let parker = Parker::new();
    let several = tasks.len() > 1;
    let mut live: Vec<_> = tasks
        .into_iter()
        .map(|(name, task)| {
            let woken = Arc::new(Woken(Flag::new(true), parker.waker()));
            ledger.expect(format!("a waker of `{name}` is kept by what outlives it"), &woken);
            (name, task, woken)
        })
        .collect();
    while !live.is_empty() {
        let Some(next) = live.iter().position(|(_, _, woken)| woken.0.is_up()) else {
            parker.park();
            continue;
        };
        let (name, mut task, woken) = live.remove(next);
        woken.0.take();
        if several {
            engine::task(Some(name.clone()));
        }
        let waker = Waker::from(woken.clone());
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
            drop(task);
        } else {
            live.push((name, task, woken));
        }
        if several {
            engine::task(None);
        }
    }
}
