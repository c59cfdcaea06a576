//! A group whose children borrow, and run side by side in the task that waits for them.
//!
//! ```text
//!   Scope (handles) ──► Inner ◄── InScope (the future): the body, and the children in their places
//!                         │
//!                         ╰─ new children, failures, whether it is over
//! ```
//!
//! A child is moved once, by `spawn`, into a room of the scope's pool, and stays there.
//!
//! Invariants:
//! 1. `Intake::closed` is set before the last child has gone, and under the lock that new children
//!    are left under: what `spawn` has taken is polled, or dropped by [`InScope`].
//! 2. Nothing of other people's runs under that lock: refused futures, errors and destructors are
//!    seen to outside.

use alloc::{borrow::Cow, sync::Arc, vec::Vec};
use core::{
    fmt,
    future::Future,
    mem,
    num::NonZeroUsize,
    pin::Pin,
    task::{Context, Poll},
};
use std::collections::VecDeque;

use pin_project_lite::pin_project;
use selvedge_sync::raw::shim::{doomed, mutant};

use crate::{
    CancellationToken, Failure, GroupError, Panic, Reason, WaitForCancellationFutureOwned, Who,
    ZeroLimit,
    raw::{
        catch::catch,
        children::{Children, Event},
        link,
        pool::{Admits, AnyThread, OneThread, Pool, Stored},
        ready,
        start::{Start, Started},
    },
};

/// Runs `body` with a scope, in which it can spawn children that borrow what lives outside of it.
///
/// The future ends when the body and all children have ended, those that children have spawned
/// too. It runs in one task: children take turns with each other, and nothing is boxed or sent
/// anywhere. For children on several threads there is [`TaskGroup`](crate::TaskGroup).
///
/// When a child or the body fails, or panics, the others are dropped, and the error has all that
/// went wrong: of what happens in one turn of the task nothing is left out.
///
/// # Cancel safety
///
/// Dropping the future drops the body and all children, there and then.
///
/// # Errors
///
/// All failures of children and body, if there are any; or that the scope was cancelled.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::cell::Cell;
///
/// use selvedge_context::{Scope, scope};
///
/// let threads = vec![1, 2, 3];
/// let sum = Cell::new(0);
/// let length = selvedge_context::local_scope::<_, (), _, _>(async |scope| {
///     for thread in &threads {
///         scope.spawn(async { Ok(sum.set(sum.get() + *thread)) });
///     }
///     Ok(threads.len())
/// });
/// assert_eq!(length.await.unwrap(), 3);
/// assert_eq!(sum.get(), 6);
///
/// let failed = scope(async |scope: Scope<'_, &str>| {
///     scope.spawn_named("weft", async { Err("torn") });
///     scope.spawn(std::future::pending());
///     std::future::pending::<Result<(), _>>().await
/// });
/// let error = failed.await.unwrap_err();
/// assert_eq!(error.to_string(), r#"child "weft" failed: torn; 2 did not finish"#);
/// # });
/// ```
#[doc(alias = "asyncio.TaskGroup")]
#[doc(alias = "trio.Nursery")]
#[doc(alias = "JoinSet")]
pub fn scope<'e, T, E, B, F>(body: B) -> InScope<'e, E, F>
where
    B: FnOnce(Scope<'e, E>) -> F,
    F: Future<Output = Result<T, E>>,
{
    InScope::new(body)
}

/// As [`scope`], for children that are not `Send`.
///
/// # Cancel safety
///
/// As for [`scope`].
///
/// # Errors
///
/// As for [`scope`].
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{cell::Cell, rc::Rc};
///
/// use selvedge_context::{LocalScope, local_scope};
///
/// let rows = Rc::new(Cell::new(0));
/// local_scope(async |scope: LocalScope<'_, ()>| {
///     for _ in 0..3 {
///         let rows = rows.clone();
///         scope.spawn(async move { Ok(rows.set(rows.get() + 1)) });
///     }
///     Ok(())
/// })
/// .await
/// .unwrap();
/// assert_eq!(rows.get(), 3);
/// # });
/// ```
pub fn local_scope<'e, T, E, B, F>(body: B) -> InScope<'e, E, F, OneThread>
where
    B: FnOnce(LocalScope<'e, E>) -> F,
    F: Future<Output = Result<T, E>>,
{
    InScope::new(body)
}

/// The numbers of the body's waker, and of what wakes the scope itself.
const BODY: u32 = 0;
const CALL: u32 = 1;

/// What spawns into a [`scope`]; cloned by children that spawn.
///
/// `K` says whether children have to be `Send`: [`LocalScope`] takes any.
pub struct Scope<'e, E, K = AnyThread> {
    inner: Arc<Inner<'e, E, K>>,
}

/// What spawns into a [`local_scope`]: children need not be `Send`.
pub type LocalScope<'e, E> = Scope<'e, E, OneThread>;

/// What handles and the future share: rooms for the children, the intake behind the same lock, and
/// what wakes the future (nobody until it is first polled, as it polls everything then).
type Inner<'e, E, K> = Pool<Intake<'e, E, K>, Arc<ready::Shared>>;

struct Intake<'e, E, K> {
    new: Vec<Child<'e, E, K>>,
    spawned: usize,
    closed: bool,
    cancelled: Option<Reason>,
}

/// A child's future, in its room.
type Roomed<'e, E, K> = Stored<'e, Result<(), E>, K, Intake<'e, E, K>, Arc<ready::Shared>>;

/// A child, in its room until it ends.
struct Child<'e, E, K> {
    who: Who,
    future: Option<Roomed<'e, E, K>>,
}

impl<E, K> Child<'_, E, K> {
    /// Drops the future; its panic is a failure.
    fn end(&mut self) -> Result<(), Failure<E>> {
        catch(|| self.future = None).map_err(|payload| Failure::Panicked(Panic::new(payload)))
    }
}

impl<E, K> Future for Child<'_, E, K> {
    type Output = (Who, Result<(), Failure<E>>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let future = this.future.as_mut().expect("a child is polled until it ends");
        let outcome = match catch(|| Pin::new(future).poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(output)) => output.map_err(Failure::Failed),
            Err(payload) => Err(Failure::Panicked(Panic::new(payload))),
        };
        // An error counts for more than a destructor's panic.
        let outcome = outcome.and(this.end());
        Poll::Ready((mem::replace(&mut this.who, Who::Body), outcome))
    }
}

impl<'e, E, K> Scope<'e, E, K> {
    /// Starts a child. Whether the scope took it: one that has failed, was cancelled, or is over
    /// drops it instead.
    pub fn spawn<F>(&self, future: F) -> bool
    where
        F: Future<Output = Result<(), E>> + 'e,
        K: Admits<F>,
    {
        self.add(None, future)
    }

    /// As [`spawn`](Self::spawn); the report calls the child by `name`.
    pub fn spawn_named<F>(&self, name: impl Into<Cow<'static, str>>, future: F) -> bool
    where
        F: Future<Output = Result<(), E>> + 'e,
        K: Admits<F>,
    {
        self.add(Some(name.into()), future)
    }

    /// Starts a child, and waits until it says that it has started.
    ///
    /// A child that fails before that fails the scope, as any other.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses what the child says; the child goes on.
    ///
    /// # Errors
    ///
    /// If the child ends before that, or was not taken.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::{Scope, scope};
    ///
    /// let port = scope(async |scope: Scope<'_, ()>| {
    ///     let port = scope.start(async |started| {
    ///         started.send(8080);
    ///         Ok(())
    ///     });
    ///     Ok(port.await.unwrap())
    /// });
    /// assert_eq!(port.await.unwrap(), 8080);
    /// # });
    /// ```
    ///
    /// A child starts once:
    ///
    /// ```compile_fail
    /// # use selvedge_context::Started;
    /// fn twice(started: Started<u8>) {
    ///     started.send(1);
    ///     started.send(2);
    /// }
    /// ```
    pub fn start<T, C, F>(&self, child: C) -> Start<T>
    where
        C: FnOnce(Started<T>) -> F,
        F: Future<Output = Result<(), E>> + 'e,
        K: Admits<F>,
    {
        let (sender, receiver) = link::link();
        self.spawn(child(Started::new(sender)));
        Start::new(receiver)
    }

    /// Cancels the scope: the body and all children are dropped, and it ends with an error that
    /// has the reason. The first one counts.
    pub fn cancel(&self, reason: impl Into<Reason>) {
        self.inner.cancel(reason.into());
        self.inner.beside.wake(CALL);
    }

    /// Whether the scope takes children still.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.inner.with(|intake| intake.is_open())
    }

    fn add<F>(&self, name: Option<Cow<'static, str>>, future: F) -> bool
    where
        F: Future<Output = Result<(), E>> + 'e,
        K: Admits<F>,
    {
        let mut is_first = false;
        let refused = Pool::store(
            &self.inner,
            future,
            |intake| intake.is_open() || mutant!("a scope that is over takes a child"),
            |intake, future| {
                let who = Who::Child(intake.spawned, name);
                intake.spawned += 1;
                is_first = intake.new.is_empty();
                intake.new.push(Child { who, future: Some(future) });
            },
        );
        // Whoever left the first one has the scope woken, and all are taken up together.
        if is_first && !mutant!("a child comes silently") {
            self.inner.beside.wake(CALL);
        }
        refused.is_none()
    }
}

impl<E, K> Intake<'_, E, K> {
    fn is_open(&self) -> bool {
        !self.closed && self.cancelled.is_none()
    }
}

impl<E, K> Clone for Scope<'_, E, K> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<E, K> fmt::Debug for Scope<'_, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").field("is_open", &self.is_open()).finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`scope`] and [`local_scope`].
    #[must_use = "futures do nothing unless polled"]
    pub struct InScope<'e, E, F, K = AnyThread>
    where
        F: Future,
    {
        #[pin]
        body: Option<F>,
        // What the body came to. Taken when the scope is over.
        outcome: Option<Outcome<F::Output, E>>,
        children: Children<Child<'e, E, K>>,
        // Those that are being taken up; empty between polls, and kept for its room.
        new: Vec<Child<'e, E, K>>,
        // Those beyond the limit, in order.
        waiting: VecDeque<Child<'e, E, K>>,
        limit: usize,
        supervises: bool,
        token: Option<CancellationToken>,
        #[pin]
        cancelled: Option<WaitForCancellationFutureOwned>,
        report: GroupError<E>,
        inner: Arc<Inner<'e, E, K>>,
        over: bool,
    }

    impl<E, F, K> PinnedDrop for InScope<'_, E, F, K>
    where
        F: Future,
    {
        /// Children may hold the scope, so what it has not taken up yet is dropped by hand.
        fn drop(this: Pin<&mut Self>) {
            if !doomed() {
                drop(this.project().inner.close());
            }
        }
    }
}

/// What became of the body: its output, or a failure; or none of them, as it was dropped.
type Outcome<O, E> = Result<O, Option<Failure<E>>>;

impl<'e, E, K> Inner<'e, E, K> {
    /// Notes why it is cancelled, unless it was before, or is over.
    fn cancel(&self, reason: Reason) {
        let unwanted = self.with(|intake| match &intake.cancelled {
            None if !intake.closed => intake.cancelled.replace(reason),
            _ => Some(reason),
        });
        drop(unwanted);
    }

    /// No more children. Those that were left here are the caller's.
    fn close(&self) -> Vec<Child<'e, E, K>> {
        self.with(|intake| {
            intake.closed = true;
            mem::take(&mut intake.new)
        })
    }

    /// No more children if none is left here; whether that is so.
    fn close_if_empty(&self) -> bool {
        self.with(|intake| {
            intake.closed |= intake.new.is_empty() && intake.cancelled.is_none();
            intake.closed
        })
    }
}

impl<'e, E, F: Future, K> InScope<'e, E, F, K> {
    fn new(body: impl FnOnce(Scope<'e, E, K>) -> F) -> Self {
        let children = Children::new(2, 4);
        let intake = Intake { new: Vec::new(), spawned: 0, closed: false, cancelled: None };
        let inner = Arc::new(Pool::new(intake, children.shared()));
        Self {
            body: Some(body(Scope { inner: inner.clone() })),
            outcome: None,
            children,
            new: Vec::new(),
            waiting: VecDeque::new(),
            limit: usize::MAX,
            supervises: false,
            token: None,
            cancelled: None,
            report: GroupError::new(),
            inner,
            over: false,
        }
    }

    /// At most `limit` children run at a time; others wait for their turn, in order.
    ///
    /// # Errors
    ///
    /// If `limit` is 0.
    pub fn limit(mut self, limit: usize) -> Result<Self, ZeroLimit> {
        self.limit = NonZeroUsize::new(limit).ok_or(ZeroLimit)?.get();
        Ok(self)
    }

    /// Children fail alone: a failure is in the report, and the others go on.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::cell::Cell;
    ///
    /// use selvedge_context::{LocalScope, local_scope};
    ///
    /// let served = Cell::new(0);
    /// let serving = local_scope(async |scope: LocalScope<'_, &str>| {
    ///     scope.spawn(async { Err("reset by peer") });
    ///     scope.spawn(async {
    ///         futures_lite::future::yield_now().await;
    ///         served.set(served.get() + 1);
    ///         Ok(())
    ///     });
    ///     Ok(())
    /// });
    /// let report = serving.supervise().await.unwrap_err();
    /// assert_eq!(report.errors().collect::<Vec<_>>(), [&"reset by peer"]);
    /// assert_eq!(served.get(), 1, "the other went on");
    /// # });
    /// ```
    #[doc(alias = "Supervisor")]
    pub fn supervise(mut self) -> Self {
        self.supervises = true;
        self
    }

    /// The scope is cancelled when `token` is, for the same reason.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::{CancellationToken, Scope, scope};
    ///
    /// let token = CancellationToken::new();
    /// let running = scope(async |scope: Scope<'_, &str>| {
    ///     scope.spawn(std::future::pending());
    ///     token.cancel_with("closing time");
    ///     Ok(())
    /// });
    /// let error = running.cancelled_by(&token).await.unwrap_err();
    /// assert_eq!(error.cancelled().unwrap().to_string(), "closing time");
    /// # });
    /// ```
    pub fn cancelled_by(mut self, token: &CancellationToken) -> Self {
        self.cancelled = Some(token.clone().cancelled_owned());
        self.token = Some(token.clone());
        self
    }
}

impl<'e, T, E, F: Future<Output = Result<T, E>>, K> InScope<'e, E, F, K> {
    /// Takes up new children.
    fn take_up(mut self: Pin<&mut Self>) {
        let this = self.as_mut().project();
        this.inner.with(|intake| mem::swap(&mut intake.new, this.new));
        for child in this.new.drain(..) {
            if this.waiting.is_empty() && this.children.len() < *this.limit {
                this.children.insert(child);
            } else {
                this.waiting.push_back(child);
            }
        }
        self.admit();
    }

    /// Lets in as many of those that wait as may run.
    fn admit(self: Pin<&mut Self>) {
        let this = self.project();
        while this.children.len() < *this.limit {
            let Some(child) = this.waiting.pop_front() else { break };
            this.children.insert(child);
        }
    }

    /// Polls the body; whether it has failed.
    fn poll_body(self: Pin<&mut Self>) -> bool {
        let mut this = self.project();
        let Some(body) = this.body.as_mut().as_pin_mut() else { return false };
        let poll = this
            .children
            .with_waker(BODY, |waker| catch(|| body.poll(&mut Context::from_waker(waker))));
        let outcome = match poll {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(output)) => Ok(output),
            Err(payload) => Err(Some(Failure::Panicked(Panic::new(payload)))),
        };
        let dropped = catch(|| this.body.set(None));
        let outcome = match (outcome, dropped) {
            (Ok(Ok(_)), Err(payload)) => Err(Some(Failure::Panicked(Panic::new(payload)))),
            (outcome, _) => outcome,
        };
        let failed = !matches!(outcome, Ok(Ok(_)));
        *this.outcome = Some(outcome);
        failed
    }

    /// Ends everybody who has not ended: body first, then the children, in their order.
    fn end_all(self: Pin<&mut Self>) {
        let mut this = self.project();
        if this.body.is_some() {
            *this.outcome = Some(match catch(|| this.body.set(None)) {
                Ok(()) => Err(None),
                Err(payload) => Err(Some(Failure::Panicked(Panic::new(payload)))),
            });
        }
        // A destructor may spawn still, or try to.
        let new = this.inner.close();
        let (children, report) = (this.children, this.report);
        let running: Vec<_> = children.numbers().filter_map(|at| children.take(at)).collect();
        for mut child in running.into_iter().chain(this.waiting.drain(..)).chain(new) {
            if let Err(failure) = child.end() {
                report.failures.push((child.who.clone(), failure));
            }
            report.unfinished.push(child.who);
        }
    }

    /// Polls everybody who was woken before this turn, and who is taken up in it. Whether somebody
    /// failed whom nobody outlives.
    fn turn(mut self: Pin<&mut Self>) -> bool {
        let mut failed = false;
        while let Poll::Ready(event) = self.as_mut().project().children.poll_batch() {
            match event {
                Event::Own(BODY) => failed |= self.as_mut().poll_body(),
                Event::Own(_) => self.as_mut().take_up(),
                Event::Ended(_, (who, outcome)) => {
                    let this = self.as_mut().project();
                    if let Err(failure) = outcome {
                        this.report.failures.push((who, failure));
                        failed |= !*this.supervises;
                    }
                    // Its turn is the next one's, unless that would be dropped at once.
                    if !failed {
                        self.as_mut().admit();
                    }
                }
            }
        }
        failed
    }
}

impl<T, E, F: Future<Output = Result<T, E>>, K> Future for InScope<'_, E, F, K> {
    type Output = Result<T, GroupError<E>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        assert!(!self.over, "a future was polled after completion");
        self.as_mut().project().children.begin();
        let mut failed = self.as_mut().turn();
        // New children are polled in the turn in which they come; theirs, in the next one: a child
        // that keeps spawning does not keep the task.
        if !failed && self.as_mut().project().children.take_own(CALL) {
            self.as_mut().take_up();
            failed = self.as_mut().turn();
        }
        let mut this = self.as_mut().project();
        if let Some(cancelled) = this.cancelled.as_mut().as_pin_mut() {
            let poll = this
                .children
                .with_waker(CALL, |waker| cancelled.poll(&mut Context::from_waker(waker)));
            if poll.is_ready() {
                this.cancelled.set(None);
                let reason = this.token.as_ref().and_then(CancellationToken::reason);
                this.inner.cancel(reason.unwrap_or(Reason::Cancelled));
            }
        }
        let cancelled = this.inner.with(|intake| {
            intake.closed |= intake.cancelled.is_some();
            intake.cancelled.take()
        });
        if failed || cancelled.is_some() {
            this.report.cancelled = cancelled;
            self.as_mut().end_all();
        } else {
            let idle = this.body.is_none() && this.children.is_empty() && this.waiting.is_empty();
            // RACE: 1. the last child has ended, 2. a handle on another thread leaves a child,
            //       3. we are over, and it is never polled. So the two meet under the lock.
            if !idle || !this.inner.close_if_empty() {
                this.children.rest(cx);
                return Poll::Pending;
            }
        }
        let this = self.project();
        *this.over = true;
        let report = mem::replace(this.report, GroupError::new());
        let outcome = this.outcome.take().expect("the body has ended, or was dropped");
        let outcome =
            outcome.and_then(|output| output.map_err(|error| Some(Failure::Failed(error))));
        Poll::Ready(report.end(outcome))
    }
}

impl<E, F: Future, K> fmt::Debug for InScope<'_, E, F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("InScope");
        text.field("children", &self.children.len()).field("waiting", &self.waiting.len());
        text.finish_non_exhaustive()
    }
}
