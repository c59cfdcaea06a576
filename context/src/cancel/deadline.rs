//! Deadlines: of tokens, and of scopes that inherit them.

use alloc::{
    sync::{Arc, Weak},
    task::Wake,
};
use core::{
    cell::Cell,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, Waker},
    time::Duration,
};
use std::{thread_local, time::Instant};

use pin_project_lite::pin_project;
use selvedge_timer::{Elapsed, Sleep, Timer, raw::timer, sleep_until_on};

use super::{Reason, tree::Node};

/// What a timer wakes: the node of a token that has a deadline.
struct Expiry(Weak<Node>);

impl Wake for Expiry {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(node) = self.0.upgrade() {
            node.cancel(&Reason::Elapsed);
        }
    }
}

/// Cancels `node` at `at`.
#[track_caller]
pub(super) fn expire(node: &Arc<Node>, timer: Arc<dyn Timer + Send + Sync>, at: Instant) {
    if at <= timer.now() {
        return node.cancel(&Reason::Elapsed);
    }
    let waker = Waker::from(Arc::new(Expiry(Arc::downgrade(node))));
    match timer.register(at, &waker) {
        Ok(key) => node.keep_timer(timer, key),
        Err(error) => panic!("cannot keep a deadline: {error}"),
    }
}

thread_local! {
    /// That of the innermost scope that is being polled.
    static CURRENT: Cell<Deadline> = const { Cell::new(Deadline::NEVER) };
}

/// An instant by which something must be done, or never.
///
/// A [`scope`](Self::scope) inside of another one has the nearer of the two deadlines, so that a
/// callee cannot outstay its caller.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use std::{future::pending, time::Duration};
///
/// use selvedge_context::Deadline;
///
/// /// Takes what time it is left.
/// async fn callee() -> bool {
///     Deadline::current().remaining() < Some(Duration::from_secs(3600))
/// }
///
/// let hour = Deadline::after(Duration::from_secs(3600));
/// let day = Deadline::after(Duration::from_secs(24 * 3600));
/// assert_eq!(hour.scope(day.scope(callee())).await, Ok(Ok(true)));
///
/// let soon = Deadline::after(Duration::from_millis(1));
/// assert!(soon.scope(day.scope(pending::<()>())).await.is_err());
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Deadline {
    at: Option<Instant>,
}

impl Deadline {
    /// No deadline.
    pub const NEVER: Self = Self { at: None };

    /// At `at`.
    #[must_use]
    pub const fn at(at: Instant) -> Self {
        Self { at: Some(at) }
    }

    /// In `duration` from now, by the thread's [current timer](Timer::enter);
    /// [`Duration::MAX`] is never.
    ///
    /// # Panics
    ///
    /// Without the feature `thread` of the timer, if no timer was entered.
    #[must_use]
    pub fn after(duration: Duration) -> Self {
        Self { at: timer::current().now().checked_add(duration) }
    }

    /// That of the innermost scope that is being polled on this thread.
    ///
    /// It does not follow a task that is spawned: hand it over.
    #[must_use]
    pub fn current() -> Self {
        CURRENT.get()
    }

    /// When; `None` is never.
    #[must_use]
    pub const fn instant(self) -> Option<Instant> {
        self.at
    }

    /// How long it is until then, by the thread's current timer; `None` is for ever.
    ///
    /// # Panics
    ///
    /// As [`after`](Self::after), unless it is never.
    #[must_use]
    pub fn remaining(self) -> Option<Duration> {
        self.at.map(|at| at.saturating_duration_since(timer::current().now()))
    }

    /// The nearer of the two.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// use selvedge_context::Deadline;
    ///
    /// let now = Instant::now();
    /// let (soon, late) = (Deadline::at(now), Deadline::at(now + Duration::from_secs(9)));
    /// assert_eq!(soon.nearer(late).instant(), Some(now));
    /// ```
    #[must_use]
    pub fn nearer(self, other: Self) -> Self {
        if other.is_before(self) { other } else { self }
    }

    fn is_before(self, other: Self) -> bool {
        match (self.at, other.at) {
            (Some(here), Some(there)) => here < there,
            (here, there) => here.is_some() && there.is_none(),
        }
    }

    /// Waits for `future`, until the deadline at the latest, or that of the scope around it.
    ///
    /// `future` is polled at least once, and wins if it is ready. When the time is over it is
    /// dropped before the error is seen. If the scope around has the same deadline or a nearer
    /// one, that one alone reports it.
    ///
    /// # Cancel safety
    ///
    /// Dropping the scope drops `future`, and loses what dropping that one loses.
    ///
    /// # Errors
    ///
    /// The future ends with [`Elapsed`] when the time is over.
    ///
    /// # Panics
    ///
    /// The future panics if polled after completion, or if the timer's thread cannot be started;
    /// and as [`after`](Self::after) does.
    #[doc(alias = "asyncio.timeout_at")]
    #[doc(alias = "trio.CancelScope")]
    pub fn scope<F: Future>(self, future: F) -> DeadlineScope<F> {
        self.scope_on(timer::current(), future)
    }

    /// As [`scope`](Self::scope), by a timer of the caller's choice.
    ///
    /// # Cancel safety
    ///
    /// As for [`scope`](Self::scope).
    ///
    /// # Errors
    ///
    /// As for [`scope`](Self::scope).
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::{future::pending, sync::Arc, time::{Duration, Instant}};
    ///
    /// use selvedge_context::Deadline;
    /// use selvedge_timer::{Timer, VirtualClock};
    ///
    /// let clock = Arc::new(VirtualClock::new());
    /// let minute = Deadline::at(clock.now() + Duration::from_secs(60));
    /// let late = clock.auto_advance(minute.scope_on(clock.clone(), pending::<()>())).await;
    /// assert!(late.is_err());
    /// # });
    /// ```
    pub fn scope_on<F: Future>(
        self,
        timer: Arc<dyn Timer + Send + Sync>,
        future: F,
    ) -> DeadlineScope<F> {
        DeadlineScope { future: Some(future), deadline: self, timer: Some(timer), sleep: None }
    }
}

/// Makes a deadline the current one for as long as it lives, also if a panic ends that.
struct Entered(Deadline);

impl Entered {
    fn new(deadline: Deadline) -> Self {
        Self(CURRENT.replace(deadline))
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.0);
    }
}

pin_project! {
    /// The future of [`Deadline::scope`].
    #[must_use = "futures do nothing unless polled"]
    pub struct DeadlineScope<F> {
        #[pin]
        future: Option<F>,
        deadline: Deadline,
        // Until the first poll.
        timer: Option<Arc<dyn Timer + Send + Sync>>,
        // If the deadline is this scope's own.
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl<F: Future> Future for DeadlineScope<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Some(timer) = this.timer.take() {
            let around = Deadline::current();
            match this.deadline.at.filter(|_| this.deadline.is_before(around)) {
                Some(at) => this.sleep.set(Some(sleep_until_on(timer.into(), at))),
                None => *this.deadline = around,
            }
        }
        let future = this.future.as_mut().as_pin_mut().expect("polled after completion");
        let ready = {
            let _entered = Entered::new(*this.deadline);
            future.poll(cx)
        };
        if let Poll::Ready(output) = ready {
            this.future.set(None);
            this.sleep.set(None);
            return Poll::Ready(Ok(output));
        }
        match this.sleep.as_pin_mut().map(|sleep| sleep.poll(cx)) {
            Some(Poll::Ready(())) => {
                let _entered = Entered::new(*this.deadline);
                this.future.set(None);
                Poll::Ready(Err(Elapsed))
            }
            _ => Poll::Pending,
        }
    }
}

impl<F> fmt::Debug for DeadlineScope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeadlineScope").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
