//! An executor as a small device would have it: one thread, and no std.

use alloc::{boxed::Box, sync::Arc, task::Wake, vec::Vec};
use core::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    task::{Context, Waker},
};

/// Runs tasks until all have ended.
#[derive(Default)]
pub struct Executor<'a> {
    tasks: Vec<Task<'a>>,
}

struct Task<'a> {
    future: Pin<Box<dyn Future<Output = ()> + 'a>>,
    woken: Arc<Woken>,
    waker: Waker,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Relaxed);
    }
}

/// So many tasks sleep, and there is nobody who could wake them.
#[derive(Debug, PartialEq, Eq)]
pub struct Asleep(pub usize);

impl<'a> Executor<'a> {
    /// Adds a task.
    pub fn spawn(&mut self, future: impl Future<Output = ()> + 'a) {
        let woken = Arc::new(Woken(AtomicBool::new(true)));
        let waker = Waker::from(woken.clone());
        self.tasks.push(Task { future: Box::pin(future), woken, waker });
    }

    /// Polls those who were woken; where a device would wait for an interrupt, it gives up.
    ///
    /// # Errors
    ///
    /// If tasks are left, and all of them sleep.
    pub fn run(mut self) -> Result<(), Asleep> {
        while !self.tasks.is_empty() {
            let mut is_idle = true;
            self.tasks.retain_mut(|task| {
                if !task.woken.0.swap(false, Relaxed) {
                    return true;
                }
                is_idle = false;
                task.future.as_mut().poll(&mut Context::from_waker(&task.waker)).is_pending()
            });
            if is_idle {
                return Err(Asleep(self.tasks.len()));
            }
        }
        Ok(())
    }
}
