//! A task in two halves: one that runs anywhere, and one that waits for it.
//!
//! [`Remote`] is the future, with a [`Link`] beside it; [`Handle`] has the other end of the link.
//! An executor needs to know nothing of either: whatever it does with the first half, be it to
//! drop it, the second half hears of it.

use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use selvedge_sync::raw::shim::mutant;

use crate::{
    Execute, JoinError, Panic,
    raw::{
        catch::{catch, swallow},
        link::{self, link},
    },
};

/// Parts a future into the half that runs, and the half that waits.
///
/// The first is given to any executor. It keeps the future in itself: nothing is boxed, and the
/// link between the two is the one allocation.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::remote;
///
/// let (task, handle) = remote(async { 6 * 7 });
/// std::thread::spawn(|| pollster::block_on(task));
/// assert_eq!(handle.await.unwrap(), 42);
/// # });
/// ```
pub fn remote<F: Future>(future: F) -> (Remote<F>, Handle<F::Output>) {
    let (sender, receiver) = link();
    (Remote { future: Some(future), link: Some(sender) }, Handle { link: Some(receiver) })
}

/// Runs `future` on `executor`, and waits for it with the handle.
///
/// # Cancel safety
///
/// Dropping the [handle](Handle#cancel-safety) aborts the task.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::{Threads, spawn_on};
///
/// assert_eq!(spawn_on(&Threads, async { 6 * 7 }).await.unwrap(), 42);
/// # });
/// ```
#[doc(alias = "asyncio.create_task")]
pub fn spawn_on<F: Future, X: Execute<Remote<F>>>(executor: &X, future: F) -> Handle<F::Output> {
    let (task, handle) = remote(future);
    executor.execute(task);
    handle
}

pin_project! {
    /// The half of a task that runs. [`remote`] makes it.
    #[must_use = "futures do nothing unless polled"]
    pub struct Remote<F: Future> {
        #[pin]
        future: Option<F>,
        link: Option<Sender<F::Output>>,
    }

    impl<F: Future> PinnedDrop for Remote<F> {
        /// An executor that drops it unfinished says so to the handle.
        fn drop(this: Pin<&mut Self>) {
            if !selvedge_sync::raw::shim::doomed() {
                this.end(|link| {
                    Err(if link.is_stopped() { JoinError::Aborted } else { JoinError::Lost })
                });
            }
        }
    }
}

type Sender<T> = link::Sender<Result<T, JoinError>>;
type Receiver<T> = link::Receiver<Result<T, JoinError>>;

impl<F: Future> Remote<F> {
    /// Drops the future, and then says what has become of it.
    fn end(
        self: Pin<&mut Self>,
        outcome: impl FnOnce(&Sender<F::Output>) -> Result<F::Output, JoinError>,
    ) {
        let mut this = self.project();
        // The destructor runs before the handle is told; its panic is what the handle is told.
        let dropped = catch(|| this.future.set(None));
        let Some(link) = this.link.take() else { return };
        if mutant!("a dropped task does not tell") {
            return core::mem::forget(link);
        }
        let outcome = outcome(&link);
        let outcome = match dropped {
            Ok(()) => outcome,
            Err(payload) => Err(JoinError::Panicked(Panic::new(payload))),
        };
        // Nobody waits for it: other people's destructor, whose panic is nobody's business here.
        if let Err(unwanted) = link.send(outcome) {
            swallow(|| drop(unwanted));
        }
    }
}

impl<F: Future> Future for Remote<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.as_mut().project();
        let (Some(future), Some(link)) = (this.future.as_mut().as_pin_mut(), &mut *this.link)
        else {
            return Poll::Ready(());
        };
        if !link.is_stopped() {
            match catch(|| future.poll(cx)) {
                Ok(Poll::Ready(output)) => {
                    self.end(|_| Ok(output));
                    return Poll::Ready(());
                }
                Err(payload) => {
                    self.end(|_| Err(JoinError::Panicked(Panic::new(payload))));
                    return Poll::Ready(());
                }
                Ok(Poll::Pending) if !link.poll_stopped(cx) => return Poll::Pending,
                Ok(Poll::Pending) => {}
            }
        }
        self.end(|_| Err(JoinError::Aborted));
        Poll::Ready(())
    }
}

impl<F: Future> fmt::Debug for Remote<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("is_over", &self.link.is_none()).finish_non_exhaustive()
    }
}

/// The half of a task that waits: a future of its outcome.
///
/// Dropping it aborts the task; [`detach`](Self::detach) lets it go on. The outcome is an error if
/// the task was aborted, panicked, or was dropped by its executor: a handle never waits for ever
/// for a task that is no more.
///
/// # Cancel safety
///
/// Dropping the handle aborts the task, and loses its output. To wait for a while only, wait for
/// `&mut handle`.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::{Threads, spawn_on};
///
/// let handle = spawn_on(&Threads, std::future::pending::<()>());
/// assert!(!handle.is_finished());
/// handle.abort();
/// assert!(handle.await.unwrap_err().is_aborted());
/// # });
/// ```
#[must_use = "dropping a handle aborts its task: `detach` it, or wait for it"]
#[doc(alias = "asyncio.Task")]
#[doc(alias = "JoinHandle")]
pub struct Handle<T> {
    link: Option<Receiver<T>>,
}

impl<T> Handle<T> {
    /// Aborts the task: its future is dropped when it is next due on its executor.
    ///
    /// A task that has ended, or ends meanwhile, has its outcome all the same.
    pub fn abort(&self) {
        if let Some(link) = &self.link {
            link.stop();
        }
    }

    /// Lets the task go on by itself.
    pub fn detach(mut self) {
        self.link = None;
    }

    /// Whether the task is over.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.link.as_ref().is_none_or(|link| link.is_done())
    }
}

impl<T> Future for Handle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let link = self.link.as_mut().expect("a future was polled after completion");
        let poll = link.poll(cx);
        if poll.is_ready() {
            self.link = None;
        }
        poll
    }
}

impl<T> Drop for Handle<T> {
    fn drop(&mut self) {
        if let Some(link) = &self.link {
            if !selvedge_sync::raw::shim::doomed() {
                link.stop();
            }
        }
    }
}

impl<T> fmt::Debug for Handle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("is_finished", &self.is_finished()).finish_non_exhaustive()
    }
}
