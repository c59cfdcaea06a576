//! The future of a scope: its body and its children, turn by turn.

use alloc::{sync::Arc, vec::Vec};
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
use selvedge_sync::raw::shim::doomed;

use super::{BODY, CALL, Child, Inner, Intake, Scope};
use crate::{
    CancellationToken, Failure, GroupError, Panic, Reason, WaitForCancellationFutureOwned,
    ZeroLimit,
    raw::{
        catch::catch,
        children::{Children, Event},
        pool::{AnyThread, Pool},
    },
};

pin_project! {
    /// The future of [`scope`](crate::scope()) and [`local_scope`](crate::local_scope).
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

impl<'e, E, F: Future, K> InScope<'e, E, F, K> {
    pub(super) fn new(body: impl FnOnce(Scope<'e, E, K>) -> F) -> Self {
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
