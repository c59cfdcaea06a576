//! The whole contract with an executor: one method.
//!
//! An executor is a value with [`Execute`]: here are adapters for those that are widely used, each
//! behind the feature of its name, and any closure is one.

use core::future::Future;

/// Something that runs futures.
///
/// `F` is a parameter, so that executors for `Send` futures and for others both fit: an adapter
/// says which it takes. A closure `Fn(F)` serves one type of future.
///
/// The executor runs the future to its end without being asked again: an adapter detaches what the
/// executor returns. If it cannot run it, it drops it: whoever waits for it is told.
///
/// # Examples
///
/// An executor of one's own:
///
/// ```
/// use selvedge_context::{Execute, spawn_on};
///
/// struct OnMyThreads;
///
/// impl<F: Future<Output = ()> + Send + 'static> Execute<F> for OnMyThreads {
///     fn execute(&self, future: F) {
///         std::thread::spawn(move || pollster::block_on(future));
///     }
/// }
///
/// assert_eq!(pollster::block_on(spawn_on(&OnMyThreads, async { 1 + 1 })).unwrap(), 2);
/// // A closure is one, for one type of future.
/// let handle = spawn_on(&|future| OnMyThreads.execute(future), async { "weft" });
/// assert_eq!(pollster::block_on(handle).unwrap(), "weft");
/// ```
pub trait Execute<F: Future<Output = ()>> {
    /// Runs `future` to its end, elsewhere or later; never at once, in the caller.
    fn execute(&self, future: F);
}

impl<F: Future<Output = ()>, E: Fn(F)> Execute<F> for E {
    fn execute(&self, future: F) {
        self(future);
    }
}

/// A thread for each future.
///
/// A future whose thread cannot be started is dropped.
///
/// # Examples
///
/// ```
/// use selvedge_context::{Threads, spawn_on};
///
/// let task = spawn_on(&Threads, async { std::thread::current().name().map(str::to_owned) });
/// assert_eq!(pollster::block_on(task).unwrap().as_deref(), Some("selvedge-task"));
/// ```
#[cfg(feature = "threads")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Threads;

#[cfg(feature = "threads")]
impl<F: Future<Output = ()> + Send + 'static> Execute<F> for Threads {
    fn execute(&self, future: F) {
        let thread = std::thread::Builder::new().name("selvedge-task".into());
        // A failure drops the future, which tells whoever waits for it.
        drop(thread.spawn(|| selvedge_sync::raw::block::block_on(future)));
    }
}

/// tokio, as entered by the caller.
///
/// # Panics
///
/// [`execute`](Execute::execute) panics outside of a tokio runtime; `tokio::runtime::Handle` is an
/// executor too, which is for that.
#[cfg(all(feature = "tokio", not(selvedge_loom)))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Tokio;

/// tokio, as entered by the caller, for futures that are not `Send`.
///
/// # Panics
///
/// [`execute`](Execute::execute) panics outside of a `tokio::task::LocalSet`.
#[cfg(all(feature = "tokio", not(selvedge_loom)))]
#[derive(Clone, Copy, Debug, Default)]
pub struct TokioLocal;

#[cfg(all(feature = "tokio", not(selvedge_loom)))]
mod on_tokio {
    use super::{Execute, Future, Tokio, TokioLocal};

    impl<F: Future<Output = ()> + Send + 'static> Execute<F> for Tokio {
        #[track_caller]
        fn execute(&self, future: F) {
            drop(tokio::spawn(future));
        }
    }

    impl<F: Future<Output = ()> + 'static> Execute<F> for TokioLocal {
        #[track_caller]
        fn execute(&self, future: F) {
            drop(tokio::task::spawn_local(future));
        }
    }

    impl<F: Future<Output = ()> + Send + 'static> Execute<F> for tokio::runtime::Handle {
        #[track_caller]
        fn execute(&self, future: F) {
            drop(self.spawn(future));
        }
    }

    impl<F: Future<Output = ()> + 'static> Execute<F> for tokio::task::LocalSet {
        #[track_caller]
        fn execute(&self, future: F) {
            drop(self.spawn_local(future));
        }
    }
}

/// smol's global executor.
///
/// # Examples
///
/// ```
/// use selvedge_context::{Smol, spawn_on};
///
/// // Anything may wait for it: here a thread that knows nothing of smol.
/// assert_eq!(pollster::block_on(spawn_on(&Smol, async { 6 * 7 })).unwrap(), 42);
/// ```
#[cfg(all(feature = "smol", not(selvedge_loom)))]
#[derive(Clone, Copy, Debug, Default)]
pub struct Smol;

#[cfg(all(feature = "smol", not(selvedge_loom)))]
impl<F: Future<Output = ()> + Send + 'static> Execute<F> for Smol {
    fn execute(&self, future: F) {
        // Its handle cancels the task when it is dropped.
        smol::spawn(future).detach();
    }
}

#[cfg(all(feature = "async-executor", not(selvedge_loom)))]
mod on_async_executor {
    use alloc::{rc::Rc, sync::Arc};

    use async_executor::{Executor, LocalExecutor};

    use super::{Execute, Future};

    macro_rules! executors {
        ($($executor:ty: $($bound:path)?;)*) => {$(
            impl<'a, F: Future<Output = ()> $(+ $bound)? + 'a> Execute<F> for $executor {
                fn execute(&self, future: F) {
                    // Its handle cancels the task when it is dropped.
                    self.spawn(future).detach();
                }
            }
        )*};
    }

    executors! {
        Executor<'a>: Send;
        &Executor<'a>: Send;
        Arc<Executor<'a>>: Send;
        LocalExecutor<'a>: ;
        &LocalExecutor<'a>: ;
        Rc<LocalExecutor<'a>>: ;
    }
}

/// An executor that is driven by the `futures` crate's trait: its `ThreadPool`, or another.
///
/// # Examples
///
/// ```
/// use futures::executor::ThreadPool;
/// use selvedge_context::{Futures, spawn_on};
///
/// let pool = Futures(ThreadPool::builder().pool_size(1).create()?);
/// assert_eq!(pollster::block_on(spawn_on(&pool, async { 6 * 7 })).unwrap(), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[cfg(feature = "futures")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Futures<S>(
    /// What spawns: anything with `futures_task::Spawn`.
    pub S,
);

/// As [`Futures`], for futures that are not `Send`: a `LocalSpawner`, or another.
///
/// # Examples
///
/// ```
/// use std::rc::Rc;
///
/// use futures::executor::LocalPool;
/// use selvedge_context::{FuturesLocal, spawn_on};
///
/// let mut pool = LocalPool::new();
/// let rows = Rc::new(7);
/// let task = spawn_on(&FuturesLocal(pool.spawner()), async move { *rows });
/// assert_eq!(pool.run_until(task).unwrap(), 7);
/// ```
#[cfg(feature = "futures")]
#[derive(Clone, Copy, Debug, Default)]
pub struct FuturesLocal<S>(
    /// What spawns: anything with `futures_task::LocalSpawn`.
    pub S,
);

#[cfg(feature = "futures")]
mod on_futures {
    use alloc::boxed::Box;

    use futures_task::{FutureObj, LocalFutureObj, LocalSpawn, Spawn};

    use super::{Execute, Future, Futures, FuturesLocal};

    impl<S: Spawn, F: Future<Output = ()> + Send + 'static> Execute<F> for Futures<S> {
        fn execute(&self, future: F) {
            // An executor that has shut down drops the future, which tells whoever waits for it.
            drop(self.0.spawn_obj(FutureObj::new(Box::new(future))));
        }
    }

    impl<S: LocalSpawn, F: Future<Output = ()> + 'static> Execute<F> for FuturesLocal<S> {
        fn execute(&self, future: F) {
            // As above.
            drop(self.0.spawn_local_obj(LocalFutureObj::new(Box::new(future))));
        }
    }
}
