//! A reaper with a thread of its own.

use alloc::boxed::Box;
use core::{future::Future, pin::Pin};
use std::{io, thread};

use selvedge_sync::raw::block::block_on;

use super::{Cleanup, Exit, Guard, Outcome, Reap, Reaper, Report, Run};

/// A [`Reaper`] that is driven by a thread of its own, for programs whose executors come and go.
///
/// The thread lives until the last handle has gone and nothing is left to do. Nobody waits for it:
/// [`drain`](Self::drain) before the program ends.
///
/// # Examples
///
/// ```
/// use selvedge_context::ThreadReaper;
///
/// let reaper = ThreadReaper::start()?;
/// drop(reaper.guard("ledger", async |file, _| println!("closing {file}")));
/// let report = pollster::block_on(reaper.drain());
/// assert_eq!(report.done, 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ThreadReaper {
    reaper: Reaper,
}

impl ThreadReaper {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// If it cannot be started.
    pub fn start() -> io::Result<Self> {
        let reaper = Reaper::new();
        let run = reaper.run();
        thread::Builder::new().name("selvedge-reaper".into()).spawn(move || block_on(run))?;
        Ok(Self { reaper })
    }

    /// As [`Reaper::guard`](super::ReaperOf::guard).
    pub fn guard<R, C, Fut>(&self, resource: R, close: C) -> Guard<R, C, Fut, Self>
    where
        C: FnOnce(R, Exit) -> Fut,
        Fut: Future,
        Self: Reap<Cleanup<R, C, Fut>>,
    {
        Guard::new(resource, close, self.clone())
    }

    /// Waits until nothing is left, and lends a hand.
    ///
    /// # Cancel safety
    ///
    /// Cleanups that have not ended stay in the queue, and the thread goes on with them.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn drain(&self) -> Run {
        self.reaper.drain()
    }

    /// What has become of the cleanups so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.reaper.report()
    }
}

impl<F> Reap<F> for ThreadReaper
where
    F: Future<Output: Outcome> + Send + 'static,
{
    fn reap(&self, cleanup: Pin<Box<F>>) {
        self.reaper.reap(cleanup);
    }
}
