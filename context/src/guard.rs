//! A resource, and the future that closes it: awaited where that is possible, handed over where it
//! is not.
//!
//! ```text
//!  Guard ── close ──► Closing ──► ended                  the same box all the way: from the
//!    │                   │                               start of the cleanup it never moves
//!    │ dropped           │ dropped half-way
//!    ╰────────► Reap ◄───╯ ──► polled by whoever drives the reaper, from where it was
//! ```

use alloc::boxed::Box;
use core::{
    fmt,
    future::Future,
    ops::{Deref, DerefMut},
    pin::Pin,
    task::{Context, Poll},
};
use std::thread;

use pin_project_lite::pin_project;

use selvedge_sync::raw::shim;

pub use self::{
    reaper::{
        Anywhere, Here, Job, Kind, LocalReaper, Outcome, Reap, Reaper, ReaperOf, Report, Run,
        WeakReaper,
    },
    thread_reaper::ThreadReaper,
    with::{With, WithError, with},
};

#[cfg(feature = "stack")]
pub(crate) use self::with::{exit_of, settle};

mod queue;
mod reaper;
#[path = "guard/thread.rs"]
mod thread_reaper;
mod with;

/// How the use of a resource ended, as its cleanup is told.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::{Exit, Reaper};
///
/// let reaper = Reaper::new();
/// let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
/// let file = |name| {
///     let seen = seen.clone();
///     reaper.guard(name, async move |name, exit| seen.lock().unwrap().push((name, exit)))
/// };
/// file("a").close().await;
/// drop(file("b"));
/// reaper.drain().await;
/// assert_eq!(*seen.lock().unwrap(), [("a", Exit::Done), ("b", Exit::Dropped)]);
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Exit {
    /// Well.
    Done,
    /// With an error.
    Failed,
    /// With a panic.
    Panicked,
    /// Not at all: cancelled, or the guard was dropped without a close.
    Dropped,
}

/// Keeps a resource, and sees to it that its cleanup runs.
///
/// [`close`](Self::close) awaits the cleanup here. A guard that is dropped hands it to its reaper;
/// so does a close that is dropped half-way. That drop pushes and wakes, and no more.
///
/// `mem::forget` forgets the resource, as ever.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::{Exit, Reaper};
///
/// let reaper = Reaper::new();
/// let write = async |log: Vec<&'static str>, exit| {
///     if exit == Exit::Done && !log.is_empty() { Ok(()) } else { Err("not written") }
/// };
/// let mut log = reaper.guard(vec![], write);
/// log.push("one line");
/// assert_eq!(log.close().await, Ok(()));
/// # });
/// ```
#[must_use = "dropping the guard leaves the cleanup to its reaper: `guard.close().await`"]
pub struct Guard<R, C, Fut, P>
where
    C: FnOnce(R, Exit) -> Fut,
    Fut: Future,
    P: Reap<Cleanup<R, C, Fut>>,
{
    /// `None` once it is on its way.
    kept: Option<(R, C, P)>,
    /// Whether it was made by a destructor that a panic runs: then the panic is not its user's.
    made_in_panic: bool,
}

impl<R, C, Fut, P> Guard<R, C, Fut, P>
where
    C: FnOnce(R, Exit) -> Fut,
    Fut: Future,
    P: Reap<Cleanup<R, C, Fut>>,
{
    /// Guards `resource`, with `close` as its cleanup.
    pub fn new(resource: R, close: C, reaper: P) -> Self {
        Self { kept: Some((resource, close, reaper)), made_in_panic: thread::panicking() }
    }

    /// Runs the cleanup here, with [`Exit::Done`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future hands the cleanup to the reaper, which goes on with it from where it was.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn close(self) -> Closing<Cleanup<R, C, Fut>, P> {
        self.close_as(Exit::Done)
    }

    /// As [`close`](Self::close), with another exit.
    ///
    /// # Cancel safety
    ///
    /// As for [`close`](Self::close).
    ///
    /// # Panics
    ///
    /// As for [`close`](Self::close).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::{Exit, Reaper};
    ///
    /// let reaper = Reaper::new();
    /// let transaction = reaper.guard(vec!["debit"], async |steps: Vec<_>, exit| match exit {
    ///     Exit::Done => Ok(()),
    ///     _ => Err(format!("rolled back: {}", steps.join(", "))),
    /// });
    /// let credit: Result<(), &str> = Err("no such account");
    /// let end = match credit {
    ///     Ok(()) => transaction.close().await,
    ///     // Waited for, as a close is, and told of the failure.
    ///     Err(_) => transaction.close_as(Exit::Failed).await,
    /// };
    /// assert_eq!(end.unwrap_err(), "rolled back: debit");
    /// # });
    /// ```
    pub fn close_as(mut self, exit: Exit) -> Closing<Cleanup<R, C, Fut>, P> {
        let (resource, close, reaper) = self.take();
        Closing::new(Cleanup::new(resource, close, exit), reaper)
    }

    /// Hands the resource back, without a cleanup.
    pub fn disarm(mut self) -> R {
        self.take().0
    }

    fn take(&mut self) -> (R, C, P) {
        self.kept.take().expect("taken by what takes the guard alone")
    }
}

impl<R, C, Fut, P> Deref for Guard<R, C, Fut, P>
where
    C: FnOnce(R, Exit) -> Fut,
    Fut: Future,
    P: Reap<Cleanup<R, C, Fut>>,
{
    type Target = R;

    fn deref(&self) -> &R {
        &self.kept.as_ref().expect("taken by what takes the guard alone").0
    }
}

impl<R, C, Fut, P> DerefMut for Guard<R, C, Fut, P>
where
    C: FnOnce(R, Exit) -> Fut,
    Fut: Future,
    P: Reap<Cleanup<R, C, Fut>>,
{
    fn deref_mut(&mut self) -> &mut R {
        &mut self.kept.as_mut().expect("taken by what takes the guard alone").0
    }
}

impl<R, C, Fut, P> Drop for Guard<R, C, Fut, P>
where
    C: FnOnce(R, Exit) -> Fut,
    Fut: Future,
    P: Reap<Cleanup<R, C, Fut>>,
{
    fn drop(&mut self) {
        if shim::doomed() {
            return;
        }
        if let Some((resource, close, reaper)) = self.kept.take() {
            // `close` is called by the reaper: it is other people's code.
            reaper.reap(Box::pin(Cleanup::new(resource, close, dropped(self.made_in_panic))));
        }
    }
}

/// The exit of what is dropped: by a panic, or else.
pub(crate) fn dropped(made_in_panic: bool) -> Exit {
    if thread::panicking() && !made_in_panic { Exit::Panicked } else { Exit::Dropped }
}

pin_project! {
    /// A cleanup: what closes the resource of a [`Guard`], and the future that makes.
    #[must_use = "futures do nothing unless polled"]
    pub struct Cleanup<R, C, Fut> {
        start: Option<(R, C, Exit)>,
        #[pin]
        running: Option<Fut>,
    }
}

impl<R, C, Fut> Cleanup<R, C, Fut> {
    fn new(resource: R, close: C, exit: Exit) -> Self {
        Self { start: Some((resource, close, exit)), running: None }
    }
}

impl<R, C: FnOnce(R, Exit) -> Fut, Fut: Future> Future for Cleanup<R, C, Fut> {
    type Output = Fut::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Fut::Output> {
        let mut this = self.project();
        if let Some((resource, close, exit)) = this.start.take() {
            this.running.set(Some(close(resource, exit)));
        }
        this.running.as_pin_mut().expect("polled after completion").poll(cx)
    }
}

/// A cleanup that runs here, and in its reaper if this is dropped ([`Guard::close`]).
///
/// Boxed from the start, so that it can move.
#[must_use = "dropping it leaves the cleanup to its reaper"]
pub struct Closing<F, P: Reap<F>> {
    /// `None` once it has ended.
    kept: Option<(Pin<Box<F>>, P)>,
}

impl<F, P: Reap<F>> Closing<F, P> {
    pub(crate) fn new(cleanup: F, reaper: P) -> Self {
        Self { kept: Some((Box::pin(cleanup), reaper)) }
    }
}

// The cleanup is in a box.
impl<F, P: Reap<F>> Unpin for Closing<F, P> {}

impl<F: Future, P: Reap<F>> Future for Closing<F, P> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        // Out while it is polled: one that panics is not polled again by the reaper.
        let (mut cleanup, reaper) = self.kept.take().expect("polled after completion");
        let poll = cleanup.as_mut().poll(cx);
        if poll.is_pending() {
            self.kept = Some((cleanup, reaper));
        }
        poll
    }
}

impl<F, P: Reap<F>> Drop for Closing<F, P> {
    fn drop(&mut self) {
        if shim::doomed() {
            return;
        }
        if let Some((cleanup, reaper)) = self.kept.take() {
            reaper.reap(cleanup);
        }
    }
}

impl<R: fmt::Debug, C, Fut, P> fmt::Debug for Guard<R, C, Fut, P>
where
    C: FnOnce(R, Exit) -> Fut,
    Fut: Future,
    P: Reap<Cleanup<R, C, Fut>>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let resource = self.kept.as_ref().map(|(resource, ..)| resource);
        f.debug_struct("Guard").field("resource", &resource).finish_non_exhaustive()
    }
}

impl<R, C, Fut> fmt::Debug for Cleanup<R, C, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cleanup").field("started", &self.start.is_none()).finish_non_exhaustive()
    }
}

impl<F, P: Reap<F>> fmt::Debug for Closing<F, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closing").field("ended", &self.kept.is_none()).finish_non_exhaustive()
    }
}
