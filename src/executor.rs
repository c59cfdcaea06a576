//! The embedded default executor: for programs that have none, and for examples.
//!
//! One worker thread per core, started by the first [`spawn`]. No primitive of selvedge needs it.

use core::{future::Future, num::NonZeroUsize, panic::AssertUnwindSafe};
use std::{format, panic::catch_unwind, sync::Once, thread};

use async_executor::Executor;
use futures_lite::future;

pub use async_executor::Task;

static EXECUTOR: Executor<'static> = Executor::new();

/// Runs `future` to its end on the calling thread.
///
/// # Examples
///
/// ```
/// assert_eq!(selvedge::block_on(async { 1 + 1 }), 2);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    future::block_on(future)
}

/// Runs `future` on the worker threads, of which there is one per core.
///
/// A panic in it ends the task, goes to whoever awaits the handle, and leaves the workers unharmed.
///
/// # Cancel safety
///
/// The task is cancelled when its handle is dropped; `detach` lets it go on.
///
/// # Panics
///
/// If not even one worker thread can be started.
///
/// # Examples
///
/// ```
/// let task = selvedge::spawn(async { 6 * 7 });
/// assert_eq!(selvedge::block_on(task), 42);
/// ```
pub fn spawn<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> Task<T> {
    static START: Once = Once::new();
    START.call_once_force(|_| {
        let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let started = (0..workers).filter(|worker| {
            let thread = thread::Builder::new().name(format!("selvedge-{worker}"));
            thread.spawn(work).is_ok()
        });
        assert!(started.count() > 0, "no worker thread can be started");
    });
    EXECUTOR.spawn(future)
}

/// The embedded executor as a value, for tasks and groups.
///
/// # Examples
///
/// ```
/// use selvedge::{Embedded, context::spawn_on};
///
/// let handle = spawn_on(&Embedded, async { 6 * 7 });
/// assert_eq!(selvedge::block_on(handle).unwrap(), 42);
/// ```
#[cfg(feature = "execute")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Embedded;

#[cfg(feature = "execute")]
impl<F: Future<Output = ()> + Send + 'static> selvedge_context::Execute<F> for Embedded {
    fn execute(&self, future: F) {
        spawn(future).detach();
    }
}

/// What a worker does: a task that panics ends the run, and the next one begins.
fn work() {
    loop {
        let run = || future::block_on(EXECUTOR.run(future::pending::<()>()));
        drop(catch_unwind(AssertUnwindSafe(run)));
    }
}
