//! Cancellation: a token that many look at and wait for, and that passes on to its children.
//!
//! The tree of tokens, with its picture and its invariants, is in the head of `cancel/tree.rs`.

use alloc::{boxed::Box, sync::Arc, vec::Vec};
use core::{
    fmt,
    future::Future,
    hash::{Hash, Hasher},
    panic::{RefUnwindSafe, UnwindSafe},
    pin::Pin,
    task::{Context, Poll},
};
use std::time::Instant;

use pin_project_lite::pin_project;
use selvedge_sync::raw::line::Wait;
use selvedge_timer::Timer;

use self::tree::{Cancelled, Node};
pub use self::{
    deadline::{Deadline, DeadlineScope},
    guards::{DropGuard, DropGuardRef, Registration},
    reason::Reason,
};

mod deadline;
mod guards;
mod reason;
mod tree;

/// Tells any number of tasks that they should stop.
///
/// Clones are handles of the same token. A [child](Self::child_token) is cancelled with its parent,
/// and not the other way round.
///
/// A cancel marks the token and all below it, then wakes those who wait for any of them, then runs
/// the callbacks, all on the calling thread. Neither it nor a drop recurses, however deep the tree.
/// A token whose handles have gone leaves the tree, and its children hang where it hung.
///
/// # Memory ordering
///
/// Whoever sees that a token is cancelled sees what happened before the cancel.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::CancellationToken;
///
/// let server = CancellationToken::new();
/// let request = server.child_token();
/// let answer = request.run_until_cancelled(async { "served" }).await;
/// assert_eq!(answer, Some("served"));
///
/// server.cancel_with("maintenance");
/// request.cancelled().await;
/// assert_eq!(request.reason().unwrap().to_string(), "maintenance");
/// # });
/// ```
#[doc(alias = "trio.CancelScope")]
#[derive(Clone)]
pub struct CancellationToken {
    node: Arc<Node>,
}

impl CancellationToken {
    /// A token without parents.
    #[must_use]
    pub fn new() -> Self {
        Self { node: Node::root() }
    }

    /// A token that is cancelled with this one, or alone.
    #[must_use]
    pub fn child_token(&self) -> Self {
        Self { node: self.node.child() }
    }

    /// A token that is cancelled with the first of several, or alone; of none, a new one.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_context::CancellationToken;
    ///
    /// let [server, client] = [(); 2].map(|()| CancellationToken::new());
    /// let request = CancellationToken::any_of([&server, &client]);
    /// client.cancel();
    /// assert!(request.is_cancelled() && !server.is_cancelled());
    /// ```
    #[must_use]
    pub fn any_of<'a>(parents: impl IntoIterator<Item = &'a Self>) -> Self {
        let parents: Vec<_> = parents.into_iter().map(|parent| &parent.node).collect();
        Self { node: Node::child_of_all(&parents) }
    }

    /// A child that is cancelled at `at` as well, with [`Reason::Elapsed`], by the thread's
    /// [current timer](Timer::enter).
    ///
    /// It is the timer that cancels it: its thread wakes those who wait, and runs the callbacks.
    ///
    /// # Panics
    ///
    /// If the timer's thread cannot be started, or if the timer's feature `thread` is off and no
    /// timer was entered.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::time::{Duration, Instant};
    ///
    /// use selvedge_context::{CancellationToken, Reason};
    ///
    /// let request = CancellationToken::new();
    /// let step = request.child_until(Instant::now() + Duration::from_millis(1));
    /// step.cancelled().await;
    /// assert!(matches!(step.reason(), Some(Reason::Elapsed)));
    /// assert!(!request.is_cancelled());
    /// # });
    /// ```
    #[must_use]
    #[track_caller]
    pub fn child_until(&self, at: Instant) -> Self {
        self.with_deadline(selvedge_timer::raw::timer::current(), at)
    }

    /// As [`child_until`](Self::child_until), by a timer of the caller's choice: see the example of
    /// [`Timer`].
    ///
    /// # Panics
    ///
    /// If the timer cannot run.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::{sync::Arc, time::Duration};
    ///
    /// use selvedge_context::CancellationToken;
    /// use selvedge_timer::{Timer, VirtualClock};
    ///
    /// let clock = Arc::new(VirtualClock::new());
    /// let server = CancellationToken::new();
    /// let request = server.with_deadline(clock.clone(), clock.now() + Duration::from_secs(60));
    /// clock.advance(Duration::from_secs(61));
    /// assert!(request.is_cancelled() && !server.is_cancelled());
    /// ```
    #[must_use]
    #[track_caller]
    pub fn with_deadline(&self, timer: Arc<dyn Timer + Send + Sync>, at: Instant) -> Self {
        let token = self.child_token();
        deadline::expire(&token.node, timer, at);
        token
    }

    /// Cancels the token and all below it. A second time changes nothing.
    ///
    /// When it returns they are all cancelled.
    ///
    /// # Panics
    ///
    /// Passes a waker's or a callback's panic on, after all the others had their turn.
    pub fn cancel(&self) {
        self.node.cancel(&Reason::Cancelled);
    }

    /// As [`cancel`](Self::cancel), and says why: a text, or an error ([`Reason::error`]).
    ///
    /// # Panics
    ///
    /// As [`cancel`](Self::cancel).
    pub fn cancel_with(&self, reason: impl Into<Reason>) {
        self.node.cancel(&reason.into());
    }

    /// Runs `callback` once the token is cancelled, on the thread that cancels it; at once, if that
    /// was before.
    ///
    /// Several are run in no particular order.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_context::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// let (tell, told) = std::sync::mpsc::channel();
    /// let registration = token.on_cancel(move || tell.send("stop").unwrap());
    /// token.cancel();
    /// assert_eq!(told.recv(), Ok("stop"));
    /// # drop(registration);
    /// ```
    pub fn on_cancel(&self, callback: impl FnOnce() + Send + 'static) -> Registration {
        match self.node.register(Box::new(callback)) {
            Ok(key) => Registration { place: Some((self.clone(), key)) },
            Err(callback) => {
                callback();
                Registration { place: None }
            }
        }
    }

    /// Cancels the token when the guard is dropped, with [`Reason::Dropped`].
    pub fn drop_guard(self) -> DropGuard {
        DropGuard { token: Some(self) }
    }

    /// As [`drop_guard`](Self::drop_guard), for a token that is borrowed.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_context::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// // Disarmed, a guard cancels nothing.
    /// assert!(!token.drop_guard_ref().disarm().is_cancelled());
    /// assert!(!token.clone().drop_guard().disarm().is_cancelled());
    /// drop(token.drop_guard_ref());
    /// assert!(token.is_cancelled());
    /// ```
    pub fn drop_guard_ref(&self) -> DropGuardRef<'_> {
        DropGuardRef { token: Some(self) }
    }

    /// Waits until the token is cancelled.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the place in line, and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// let token = selvedge_context::CancellationToken::new();
    /// token.cancel();
    /// token.cancelled().await;
    /// # });
    /// ```
    #[inline]
    pub fn cancelled(&self) -> WaitForCancellationFuture<'_> {
        WaitForCancellationFuture { wait: Wait::new(&*self.node, Cancelled) }
    }

    /// As [`cancelled`](Self::cancelled), and keeps the token alive.
    ///
    /// # Cancel safety
    ///
    /// As for [`cancelled`](Self::cancelled).
    #[inline]
    pub fn cancelled_owned(self) -> WaitForCancellationFutureOwned {
        WaitForCancellationFutureOwned { wait: Wait::new(self.node, Cancelled) }
    }

    /// Runs `future` until it ends, or until the token is cancelled: then there is no output.
    ///
    /// A token that is cancelled at the start ends it before `future` is polled. After that,
    /// `future` is polled first, and wins if it is ready.
    ///
    /// # Cancel safety
    ///
    /// Dropping this drops `future`, and loses what dropping that one loses.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion.
    pub fn run_until_cancelled<F: Future>(&self, future: F) -> RunUntilCancelled<'_, F> {
        RunUntilCancelled { started: false, cancelled: self.cancelled(), future: Some(future) }
    }

    /// As [`run_until_cancelled`](Self::run_until_cancelled), and keeps the token alive.
    ///
    /// # Cancel safety
    ///
    /// As for [`run_until_cancelled`](Self::run_until_cancelled).
    ///
    /// # Panics
    ///
    /// As for [`run_until_cancelled`](Self::run_until_cancelled).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::CancellationToken;
    ///
    /// let token = CancellationToken::new();
    /// assert_eq!(token.clone().run_until_cancelled_owned(async { 7 }).await, Some(7));
    /// token.cancel();
    /// token.clone().cancelled_owned().await;
    /// let never = std::future::pending::<()>();
    /// assert_eq!(token.run_until_cancelled_owned(never).await, None);
    /// # });
    /// ```
    pub fn run_until_cancelled_owned<F: Future>(self, future: F) -> RunUntilCancelledOwned<F> {
        let cancelled = self.cancelled_owned();
        RunUntilCancelledOwned { started: false, cancelled, future: Some(future) }
    }

    /// Whether the token is cancelled: one load.
    #[inline]
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled()
    }

    /// Why it was cancelled; `None` if it was not.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        self.node.reason()
    }

    /// How many tasks and threads wait for it: a look that is old by the time it returns.
    #[must_use]
    pub fn waiters(&self) -> usize {
        self.node.waiters()
    }
}

impl UnwindSafe for CancellationToken {}
impl RefUnwindSafe for CancellationToken {}

/// Two handles are equal if they are of the same token.
impl PartialEq for CancellationToken {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.node, &other.node)
    }
}

impl Eq for CancellationToken {}

impl Hash for CancellationToken {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.node).hash(state);
    }
}

impl Default for CancellationToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cancelled = self.is_cancelled();
        f.debug_struct("CancellationToken").field("is_cancelled", &cancelled).finish()
    }
}

pin_project! {
    /// The future of [`CancellationToken::cancelled`]. Once it was ready it stays so.
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitForCancellationFuture<'a> {
        #[pin]
        wait: Wait<&'a Node, Cancelled>,
    }
}

pin_project! {
    /// The future of [`CancellationToken::cancelled_owned`]. Once it was ready it stays so.
    #[must_use = "futures do nothing unless polled"]
    pub struct WaitForCancellationFutureOwned {
        #[pin]
        wait: Wait<Arc<Node>, Cancelled>,
    }
}

impl Future for WaitForCancellationFuture<'_> {
    type Output = ();

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.wait.handle().is_none() {
            return Poll::Ready(());
        }
        this.wait.poll_turn(cx).map(drop)
    }
}

impl Future for WaitForCancellationFutureOwned {
    type Output = ();

    #[inline(always)]
    #[cfg_attr(selvedge_loom, track_caller)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        if this.wait.handle().is_none() {
            return Poll::Ready(());
        }
        this.wait.poll_turn(cx).map(drop)
    }
}

pin_project! {
    /// The future of [`CancellationToken::run_until_cancelled`].
    #[must_use = "futures do nothing unless polled"]
    pub struct RunUntilCancelled<'a, F> {
        started: bool,
        #[pin]
        cancelled: WaitForCancellationFuture<'a>,
        #[pin]
        future: Option<F>,
    }
}

pin_project! {
    /// The future of [`CancellationToken::run_until_cancelled_owned`].
    #[must_use = "futures do nothing unless polled"]
    pub struct RunUntilCancelledOwned<F> {
        started: bool,
        #[pin]
        cancelled: WaitForCancellationFutureOwned,
        #[pin]
        future: Option<F>,
    }
}

/// The two are polled alike.
fn poll_either<C: Future<Output = ()>, F: Future>(
    started: &mut bool,
    mut cancelled: Pin<&mut C>,
    mut future: Pin<&mut Option<F>>,
    is_cancelled: bool,
    cx: &mut Context<'_>,
) -> Poll<Option<F::Output>> {
    let running = future.as_mut().as_pin_mut().expect("polled after completion");
    let output = if core::mem::replace(started, true) || !is_cancelled {
        match running.poll(cx) {
            Poll::Ready(output) => Some(output),
            Poll::Pending if cancelled.as_mut().poll(cx).is_pending() => return Poll::Pending,
            Poll::Pending => None,
        }
    } else {
        None
    };
    future.set(None);
    Poll::Ready(output)
}

impl<F: Future> Future for RunUntilCancelled<'_, F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let is_cancelled = this.cancelled.wait.handle().is_none_or(|node| node.is_cancelled());
        poll_either(this.started, this.cancelled, this.future, is_cancelled, cx)
    }
}

impl<F: Future> Future for RunUntilCancelledOwned<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let is_cancelled = this.cancelled.wait.handle().is_none_or(|node| node.is_cancelled());
        poll_either(this.started, this.cancelled, this.future, is_cancelled, cx)
    }
}

impl fmt::Debug for WaitForCancellationFuture<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellationFuture").finish_non_exhaustive()
    }
}

impl fmt::Debug for WaitForCancellationFutureOwned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitForCancellationFutureOwned").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for RunUntilCancelled<'_, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunUntilCancelled").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for RunUntilCancelledOwned<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunUntilCancelledOwned").finish_non_exhaustive()
    }
}
