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
    pin::Pin,
    task::{Context, Poll},
};

use selvedge_sync::raw::shim::mutant;

mod run;

pub use self::run::InScope;
use crate::{
    Failure, Panic, Reason, Who,
    raw::{
        catch::catch,
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
