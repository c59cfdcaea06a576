//! A group whose children run as tasks of an executor.
//!
//! The children count in one word (`group.rs`); each is a [`Member`] (`member.rs`) that an executor
//! runs. There is one owner, which waits for the end, and any number of spawners.

use alloc::{borrow::Cow, sync::Arc};
use core::{
    fmt,
    future::{Future, Ready, ready},
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use selvedge_sync::Semaphore;

pub(crate) mod group;
pub(crate) mod member;

use self::group::{Group, Owner};
use crate::{
    CancellationToken, Execute, Failure, GroupError, Member, Panic, Reason, Start, Started,
    ZeroLimit,
    raw::{catch::catch, link, share::Share},
};

/// A group of tasks on an executor, which ends when all of them have ended.
///
/// When a child fails or panics, or its executor drops it, all others are dropped, the body too;
/// when the last of them has gone, the error tells all that went wrong. Children may spawn more,
/// with a [`Spawner`] of their own. Nothing is allocated for a child beside what its executor
/// allocates.
///
/// Children that borrow are for [`scope`](crate::scope).
///
/// # Cancel safety
///
/// Dropping the group, or the future that waits for it, cancels all children: each is dropped when
/// it is next due on its executor. Nobody waits for that: `Drop` cannot.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::{TaskGroup, Threads};
///
/// let group: TaskGroup<_, &str> = TaskGroup::new(Threads);
/// group.spawn(async { Ok(()) });
/// group.spawn_named("weft", async { Err("torn") });
/// let error = group.join().await.unwrap_err();
/// assert_eq!(error.errors().collect::<Vec<_>>(), [&"torn"]);
/// # });
/// ```
#[must_use = "dropping a group cancels its children: wait for it"]
#[doc(alias = "asyncio.TaskGroup")]
#[doc(alias = "trio.Nursery")]
#[doc(alias = "JoinSet")]
#[doc(alias = "errgroup")]
pub struct TaskGroup<X, E> {
    spawner: Spawner<X, E>,
    owner: Owner<E>,
}

/// What spawns into a [`TaskGroup`]; cloned by children that spawn.
pub struct Spawner<X, E> {
    group: Arc<Group<E>>,
    executor: X,
}

impl<X, E> TaskGroup<X, E> {
    /// A group of tasks on `executor`.
    pub fn new(executor: X) -> Self {
        let group = Arc::new(Group::new());
        let owner = Owner { group: group.clone(), token: None };
        Self { spawner: Spawner { group, executor }, owner }
    }

    /// At most `limit` children run at a time; others wait for their turn, in order.
    ///
    /// # Errors
    ///
    /// If `limit` is 0.
    pub fn limit(self, limit: usize) -> Result<Self, ZeroLimit> {
        if limit == 0 {
            return Err(ZeroLimit);
        }
        let limit = Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        Ok(self.with(|group| group.limit = Some(limit)))
    }

    /// Children fail alone: a failure is in the report, and the others go on.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::{Started, TaskGroup, Threads};
    ///
    /// let group: TaskGroup<_, &str> = TaskGroup::new(Threads).supervise();
    /// group.spawn_named("one connection", async { Err("reset by peer") });
    /// // Without supervision this one would be dropped with the other.
    /// let other = group.start(async |started: Started<_>| {
    ///     started.send("served");
    ///     Ok(())
    /// });
    /// assert_eq!(other.await, Ok("served"));
    /// let report = group.join().await.unwrap_err();
    /// assert_eq!(report.to_string(), "child \"one connection\" failed: reset by peer");
    /// # });
    /// ```
    #[doc(alias = "Supervisor")]
    pub fn supervise(self) -> Self {
        self.with(|group| group.supervises = true)
    }

    /// The group is cancelled when `token` is, for the same reason.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::{CancellationToken, TaskGroup, Threads};
    ///
    /// let token = CancellationToken::new();
    /// let group: TaskGroup<_, &str> = TaskGroup::new(Threads).cancelled_by(&token);
    /// group.spawn(std::future::pending());
    /// token.cancel_with("closing time");
    /// let error = group.join().await.unwrap_err();
    /// assert_eq!(error.cancelled().unwrap().to_string(), "closing time");
    /// # });
    /// ```
    pub fn cancelled_by(mut self, token: &CancellationToken) -> Self
    where
        E: Send + 'static,
    {
        let (group, cancelled) = (self.owner.group.clone(), token.clone());
        self.owner.token = Some(token.on_cancel(move || {
            group.note_reason(cancelled.reason().unwrap_or(Reason::Cancelled));
            group.cancel();
        }));
        self
    }

    /// The same group, set up as `set` does. No child has been spawned, and no spawner cloned.
    #[track_caller]
    fn with(self, set: impl FnOnce(&mut Group<E>)) -> Self {
        assert!(
            Arc::strong_count(&self.owner.group) == 2 && self.owner.token.is_none(),
            "a group is set up before anything is spawned in it",
        );
        let mut group = Group::new();
        group.limit = self.spawner.group.limit.clone();
        group.supervises = self.spawner.group.supervises;
        set(&mut group);
        let group = Arc::new(group);
        let executor = self.spawner.executor;
        let owner = Owner { group: group.clone(), token: None };
        Self { owner, spawner: Spawner { group, executor } }
    }

    /// Waits until all children have ended.
    ///
    /// # Cancel safety
    ///
    /// As for the [group](Self#cancel-safety).
    ///
    /// # Errors
    ///
    /// All failures, if there are any; or that the group was cancelled.
    pub fn join(self) -> InGroup<Ready<Result<(), E>>, E> {
        self.run(|_| ready(Ok(())))
    }

    /// Runs `body`, and waits until it and all children have ended.
    ///
    /// The body runs in the caller's task. When a child fails it is dropped; when it fails, the
    /// children are.
    ///
    /// # Cancel safety
    ///
    /// As for the [group](Self#cancel-safety); the body is dropped there and then.
    ///
    /// # Errors
    ///
    /// All failures of children and body, if there are any; or that the group was cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use selvedge_context::{Spawner, TaskGroup, Threads};
    ///
    /// let looms = TaskGroup::new(Threads).run(async |group: Spawner<Threads, ()>| {
    ///     for _ in 0..3 {
    ///         group.spawn(async { Ok(()) });
    ///     }
    ///     Ok(3)
    /// });
    /// assert_eq!(looms.await.unwrap(), 3);
    /// # });
    /// ```
    pub fn run<B, F, T>(self, body: B) -> InGroup<F, E>
    where
        B: FnOnce(Spawner<X, E>) -> F,
        F: Future<Output = Result<T, E>>,
    {
        InGroup { body: Some(body(self.spawner)), outcome: None, owner: self.owner }
    }
}

impl<X, E> Deref for TaskGroup<X, E> {
    type Target = Spawner<X, E>;

    fn deref(&self) -> &Spawner<X, E> {
        &self.spawner
    }
}

impl<X, E> Spawner<X, E> {
    /// Starts a child. Whether the group took it: one that has failed, was cancelled, or is over
    /// drops it instead.
    #[inline]
    pub fn spawn<F>(&self, future: F) -> bool
    where
        F: Future<Output = Result<(), E>>,
        X: Execute<Member<F, E>>,
    {
        self.add(&self.executor, None, future)
    }

    /// As [`spawn`](Self::spawn); the report calls the child by `name`.
    pub fn spawn_named<F>(&self, name: impl Into<Cow<'static, str>>, future: F) -> bool
    where
        F: Future<Output = Result<(), E>>,
        X: Execute<Member<F, E>>,
    {
        self.add(&self.executor, Some(name.into()), future)
    }

    /// As [`spawn`](Self::spawn), on another executor.
    ///
    /// # Examples
    ///
    /// ```
    /// # pollster::block_on(async {
    /// use std::thread;
    ///
    /// use selvedge_context::{TaskGroup, Threads};
    ///
    /// let group: TaskGroup<_, ()> = TaskGroup::new(Threads);
    /// group.spawn(async { Ok(()) });
    /// // One that recurses deeply, on a thread with a larger stack.
    /// let deep = |child| {
    ///     let thread = thread::Builder::new().name("deep".into()).stack_size(8 << 20);
    ///     drop(thread.spawn(|| pollster::block_on(child)));
    /// };
    /// group.spawn_with(&deep, async {
    ///     assert_eq!(thread::current().name(), Some("deep"));
    ///     Ok(())
    /// });
    /// group.join().await.unwrap();
    /// # });
    /// ```
    pub fn spawn_with<Y, F>(&self, executor: &Y, future: F) -> bool
    where
        F: Future<Output = Result<(), E>>,
        Y: Execute<Member<F, E>>,
    {
        self.add(executor, None, future)
    }

    /// Starts a child, and waits until it says that it has started.
    ///
    /// A child that fails before that fails the group, as any other.
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
    /// use selvedge_context::{TaskGroup, Threads};
    ///
    /// let group: TaskGroup<_, ()> = TaskGroup::new(Threads);
    /// let port = group.start(async |started| {
    ///     started.send(8080);
    ///     Ok(())
    /// });
    /// assert_eq!(port.await, Ok(8080));
    /// group.join().await.unwrap();
    /// # });
    /// ```
    pub fn start<T, C, F>(&self, child: C) -> Start<T>
    where
        C: FnOnce(Started<T>) -> F,
        F: Future<Output = Result<(), E>>,
        X: Execute<Member<F, E>>,
    {
        let (sender, receiver) = link::link();
        self.spawn(child(Started::new(sender)));
        Start::new(receiver)
    }

    /// Cancels the group: the body and all children are dropped, and it ends with an error that
    /// has the reason. The first one counts.
    pub fn cancel(&self, reason: impl Into<Reason>) {
        self.group.note_reason(reason.into());
        self.group.cancel();
    }

    /// Whether the group takes children still.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.group.is_open()
    }

    /// How many children have not ended.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a group that is empty now may not stay so")]
    pub fn len(&self) -> usize {
        self.group.len()
    }

    #[inline]
    fn add<Y, F>(&self, executor: &Y, name: Option<Cow<'static, str>>, future: F) -> bool
    where
        F: Future<Output = Result<(), E>>,
        Y: Execute<Member<F, E>>,
    {
        let (seat, number) = Share::join(&self.group);
        let Some(number) = number else { return false };
        executor.execute(Member::new(seat, number, name, future));
        true
    }
}

impl<X: Clone, E> Clone for Spawner<X, E> {
    fn clone(&self) -> Self {
        Self { group: self.group.clone(), executor: self.executor.clone() }
    }
}

pin_project! {
    /// The future of [`TaskGroup::run`] and [`TaskGroup::join`].
    #[must_use = "futures do nothing unless polled"]
    pub struct InGroup<F, E>
    where
        F: Future,
    {
        #[pin]
        body: Option<F>,
        outcome: Option<Result<F::Output, Option<Failure<E>>>>,
        owner: Owner<E>,
    }
}

impl<T, E, F: Future<Output = Result<T, E>>> Future for InGroup<F, E> {
    type Output = Result<T, GroupError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let group = &this.owner.group;
        let polled = this.body.as_mut().as_pin_mut().map(|body| catch(|| body.poll(cx)));
        // RACE: 1. we find children left, 2. the last one ends, 3. we register, and sleep for ever.
        //       So we look after we have registered.
        group.register(cx);
        let ended = match polled {
            Some(Ok(Poll::Ready(output))) => Some(Ok(output)),
            Some(Err(payload)) => Some(Err(Some(Failure::Panicked(Panic::new(payload))))),
            Some(Ok(Poll::Pending)) if group.is_cancelled() => Some(Err(None)),
            Some(Ok(Poll::Pending)) => return Poll::Pending,
            None => None,
        };
        if let Some(ended) = ended {
            let outcome = match (ended, catch(|| this.body.set(None))) {
                (Ok(Ok(_)) | Err(None), Err(payload)) => {
                    Err(Some(Failure::Panicked(Panic::new(payload))))
                }
                (ended, _) => ended,
            };
            if !matches!(outcome, Ok(Ok(_))) {
                group.cancel();
            }
            *this.outcome = Some(outcome);
        }
        let Poll::Ready(report) = group.poll_over() else { return Poll::Pending };
        let outcome = this.outcome.take().expect("a future was polled after completion");
        let outcome =
            outcome.and_then(|output| output.map_err(|error| Some(Failure::Failed(error))));
        Poll::Ready(report.end(outcome))
    }
}

impl<X, E> fmt::Debug for TaskGroup<X, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskGroup").field("group", &self.owner.group).finish_non_exhaustive()
    }
}

impl<X, E> fmt::Debug for Spawner<X, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawner").field("group", &self.group).finish_non_exhaustive()
    }
}

impl<F: Future, E> fmt::Debug for InGroup<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InGroup").field("group", &self.owner.group).finish_non_exhaustive()
    }
}
