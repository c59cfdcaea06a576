//! Where cleanups go whose owner was dropped.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    sync::{Arc, Weak},
};
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::{
    Cleanup, Exit, Guard,
    queue::{Driver, Queue},
};

/// Takes cleanups over, from a destructor: it must not block, and must not panic.
///
/// It is the future that decides what is needed: [`Reaper`] takes what is `Send`, [`LocalReaper`]
/// takes everything.
pub trait Reap<F> {
    /// Takes over `cleanup`, which may have been polled before, elsewhere.
    fn reap(&self, cleanup: Pin<Box<F>>);
}

/// What a cleanup of a [`Guard`] ends with: nothing, or a result whose error is told in the [`Report`].
pub trait Outcome {
    /// The error's text, if it failed.
    fn failure(self) -> Option<String>;
}

impl Outcome for () {
    fn failure(self) -> Option<String> {
        None
    }
}

impl<E: fmt::Display> Outcome for Result<(), E> {
    fn failure(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

/// A cleanup whose type is forgotten, in a [`Reaper`].
pub trait Job {
    /// Polls it; ready with the error's text, if it failed.
    fn poll_job(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<String>>;
}

impl<F: Future<Output: Outcome>> Job for F {
    fn poll_job(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<String>> {
        self.poll(cx).map(Outcome::failure)
    }
}

/// Which cleanups a reaper takes: [`Anywhere`] for a [`Reaper`], [`Here`] for a [`LocalReaper`].
pub trait Kind {
    /// What it takes, without its type.
    type Job: Job + ?Sized;
}

/// A [`Reaper`], for cleanups that may cross threads.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Anywhere;

/// A [`LocalReaper`], for cleanups that stay on their thread.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Here;

impl Kind for Anywhere {
    type Job = dyn Job + Send;
}

impl Kind for Here {
    type Job = dyn Job;
}

/// A queue of orphaned cleanups. It has no thread and names no executor.
///
/// Whoever likes drives it, on any executor, and several may at once: [`run`](Self::run) in the
/// background, [`drain`](Self::drain) at the end. A cleanup that its driver leaves half-way is
/// driven on by the next one, wherever that is, from where it was. Clones are handles of the same
/// queue.
///
/// Once the last handle has gone, and the last driver, the cleanups that are left are dropped: what
/// they hold has its own `Drop`. A cleanup that needs its own reaper takes a
/// [weak handle](Self::downgrade); a strong one inside would keep the queue alive for ever.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::Reaper;
///
/// let reaper = Reaper::new();
/// let file = reaper.guard("ledger", async |file, exit| println!("closing {file}: {exit:?}"));
/// drop(file); // cancelled, say: there is no await here
///
/// let report = reaper.drain().await;
/// assert_eq!((report.done, report.left), (1, 0));
/// # });
/// ```
pub type Reaper = ReaperOf<Anywhere>;

/// A [`Reaper`] for cleanups that stay on their thread.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{cell::Cell, rc::Rc};
///
/// use selvedge_context::LocalReaper;
///
/// let (reaper, closed) = (LocalReaper::new(), Rc::new(Cell::new(0)));
/// let count = closed.clone();
/// // An `Rc` does not cross threads, so a `Reaper` would not take this.
/// drop(reaper.guard("ledger", async move |_, _| count.set(count.get() + 1)));
/// reaper.drain().await;
/// assert_eq!(closed.get(), 1);
/// # });
/// ```
pub type LocalReaper = ReaperOf<Here>;

/// A queue of orphaned cleanups: [`Reaper`] or [`LocalReaper`].
pub struct ReaperOf<K: Kind> {
    queue: Arc<Queue<K::Job>>,
}

impl<K: Kind> ReaperOf<K> {
    /// An empty queue.
    #[must_use]
    pub fn new() -> Self {
        Self { queue: Queue::new() }
    }

    /// Guards `resource`: `close` is its cleanup, run inline by [`Guard::close`], and here if the
    /// guard is dropped.
    pub fn guard<R, C, Fut>(&self, resource: R, close: C) -> Guard<R, C, Fut, Self>
    where
        C: FnOnce(R, Exit) -> Fut,
        Fut: Future,
        Self: Reap<Cleanup<R, C, Fut>>,
    {
        Guard::new(resource, close, self.clone())
    }

    /// Drives the cleanups, those to come included: to be spawned, or polled beside the program.
    ///
    /// It ends once the last handle has gone and nothing is left.
    ///
    /// # Cancel safety
    ///
    /// Cleanups that have not ended stay in the queue, as far as they got.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn run(&self) -> Run<K> {
        Run { driver: Some(Driver::new(self.queue.clone(), false)) }
    }

    /// Drives the cleanups until none is left. Give it a deadline with any timeout:
    /// [`report`](Self::report) tells what it did not finish.
    ///
    /// # Cancel safety
    ///
    /// Cleanups that have not ended stay in the queue, as far as they got.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn drain(&self) -> Run<K> {
        Run { driver: Some(Driver::new(self.queue.clone(), true)) }
    }

    /// What has become of the cleanups so far.
    #[must_use]
    pub fn report(&self) -> Report {
        self.queue.report()
    }

    /// A handle that does not keep the queue alive.
    #[must_use]
    pub fn downgrade(&self) -> WeakReaper<K> {
        WeakReaper { queue: Arc::downgrade(&self.queue) }
    }

    /// How many [`run`](Self::run) and [`drain`](Self::drain) futures wait for something to do: a
    /// look that is old by the time it returns.
    #[must_use]
    pub fn drivers(&self) -> usize {
        self.queue.drivers()
    }
}

impl<K: Kind> Clone for ReaperOf<K> {
    fn clone(&self) -> Self {
        self.queue.add_handle();
        Self { queue: self.queue.clone() }
    }
}

impl<K: Kind> Drop for ReaperOf<K> {
    fn drop(&mut self) {
        if !selvedge_sync::raw::shim::doomed() {
            self.queue.remove_handle();
        }
    }
}

impl<K: Kind> Default for ReaperOf<K> {
    fn default() -> Self {
        Self::new()
    }
}

/// A handle of a reaper that does not keep it alive ([`ReaperOf::downgrade`]).
///
/// A cleanup that comes when the reaper has gone is dropped.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::{Guard, Reaper};
///
/// let reaper = Reaper::new();
/// let weak = reaper.downgrade();
/// // A cleanup that makes guards of its own: with a strong handle in it, the queue would keep itself.
/// drop(reaper.guard("ledger", async move |_, _| {
///     Guard::new("index", async |_, _| {}, weak).close().await;
/// }));
/// assert_eq!(reaper.drain().await.done, 1);
/// # });
/// ```
pub struct WeakReaper<K: Kind = Anywhere> {
    queue: Weak<Queue<K::Job>>,
}

impl<K: Kind> WeakReaper<K> {
    /// The reaper, if it is still there.
    #[must_use]
    pub fn upgrade(&self) -> Option<ReaperOf<K>> {
        let queue = self.queue.upgrade()?;
        queue.add_handle();
        Some(ReaperOf { queue })
    }
}

impl<K: Kind> Clone for WeakReaper<K> {
    fn clone(&self) -> Self {
        Self { queue: self.queue.clone() }
    }
}

impl<F> Reap<F> for Reaper
where
    F: Future<Output: Outcome> + Send + 'static,
{
    fn reap(&self, cleanup: Pin<Box<F>>) {
        self.queue.push(cleanup);
    }
}

impl<F> Reap<F> for LocalReaper
where
    F: Future<Output: Outcome> + 'static,
{
    fn reap(&self, cleanup: Pin<Box<F>>) {
        self.queue.push(cleanup);
    }
}

impl<F, K: Kind> Reap<F> for WeakReaper<K>
where
    ReaperOf<K>: Reap<F>,
{
    fn reap(&self, cleanup: Pin<Box<F>>) {
        match self.upgrade() {
            Some(reaper) => reaper.reap(cleanup),
            None => crate::raw::catch::swallow(|| drop(cleanup)),
        }
    }
}

impl<F, P: Reap<F> + ?Sized> Reap<F> for &P {
    fn reap(&self, cleanup: Pin<Box<F>>) {
        (**self).reap(cleanup);
    }
}

impl<F, P: Reap<F> + ?Sized> Reap<F> for Arc<P> {
    fn reap(&self, cleanup: Pin<Box<F>>) {
        (**self).reap(cleanup);
    }
}

/// The future of [`ReaperOf::run`] and [`ReaperOf::drain`]: [`Reaper`] shows them.
#[must_use = "futures do nothing unless polled"]
pub struct Run<K: Kind = Anywhere> {
    driver: Option<Driver<K::Job>>,
}

impl<K: Kind> Future for Run<K> {
    type Output = Report;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Report> {
        let driver = self.driver.as_mut().expect("polled after completion");
        let report = driver.poll(cx);
        if report.is_ready() {
            self.driver = None;
        }
        report
    }
}

/// What has become of a reaper's cleanups.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::Reaper;
///
/// let reaper = Reaper::new();
/// drop(reaper.guard("ledger", async |_, _| Err("the disk is full")));
/// drop(reaper.guard("index", async |_, _| Ok::<(), &str>(())));
/// let report = reaper.drain().await;
/// assert_eq!((report.done, report.failed), (1, 1));
/// assert_eq!(report.last_error.as_deref(), Some("the disk is full"));
/// # });
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// How many were taken over.
    pub taken: usize,
    /// How many of them ended well.
    pub done: usize,
    /// How many ended with an error.
    pub failed: usize,
    /// How many panicked.
    pub panicked: usize,
    /// How many have not ended.
    pub left: usize,
    /// The last error.
    pub last_error: Option<String>,
}

impl<K: Kind> fmt::Debug for ReaperOf<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reaper").field("report", &self.report()).finish_non_exhaustive()
    }
}

impl<K: Kind> fmt::Debug for WeakReaper<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakReaper").finish_non_exhaustive()
    }
}

impl<K: Kind> fmt::Debug for Run<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").finish_non_exhaustive()
    }
}
