//! The scoped form: a resource, a body, and a cleanup that always runs.

use core::{
    error::Error,
    fmt,
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll},
};
use std::panic::resume_unwind;

use pin_project_lite::pin_project;

use super::{Cleanup, Exit, Guard, Reap};
use crate::raw::catch::{Catch, Payload};

/// Runs `body` on `resource`, then `close`, and waits for both.
///
/// | the body …               | `close` gets                                      | the outcome          |
/// |--------------------------|---------------------------------------------------|----------------------|
/// | ends with `Ok`           | [`Exit::Done`], inline                            | the value, or [`WithError::Close`] |
/// | ends with `Err`          | [`Exit::Failed`], inline                          | [`WithError::Body`], or [`WithError::Both`] |
/// | panics                   | [`Exit::Panicked`], inline                        | the panic goes on    |
/// | is dropped               | [`Exit::Dropped`], in `reaper`, after the body's drop | –                |
/// | has ended, and the cleanup is dropped | goes on in `reaper`, from where it was | –                 |
///
/// # Cancel safety
///
/// Dropping the future drops the body, then hands the resource to `reaper`; also if it was never
/// polled.
///
/// # Errors
///
/// As the table says.
///
/// # Panics
///
/// Passes a panic of the body on, after the cleanup; else one of the cleanup.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_context::{Exit, Reaper, WithError, with};
///
/// struct Session(Vec<&'static str>);
///
/// impl Session {
///     async fn close(self, exit: Exit) -> Result<(), &'static str> {
///         if exit == Exit::Done { Ok(()) } else { Err("rolled back") }
///     }
/// }
///
/// let reaper = Reaper::new();
/// let sent = with(&reaper, Session(vec![]), async |session| {
///     session.0.push("hello");
///     Ok::<_, &str>(session.0.len())
/// }, Session::close).await;
/// assert_eq!(sent, Ok(1));
///
/// let failed = with(&reaper, Session(vec![]), async |_| Err::<(), _>("no"), Session::close).await;
/// assert_eq!(failed, Err(WithError::Both { body: "no", close: "rolled back" }));
/// # });
/// ```
#[doc(alias = "async with")]
pub fn with<R, T, E, CE, C, Fut, P>(
    reaper: P,
    resource: R,
    body: impl AsyncFnOnce(&mut R) -> Result<T, E>,
    close: C,
) -> With<impl Future<Output = Result<T, WithError<E, CE>>>>
where
    C: FnOnce(R, Exit) -> Fut,
    Fut: Future<Output = Result<(), CE>>,
    P: Reap<Cleanup<R, C, Fut>>,
{
    // Guarded before the first poll.
    let mut guard = Guard::new(resource, close, reaper);
    let run = async move {
        // The body is gone before the guard moves, or is dropped.
        let ended = Catch::new(pin!(body(&mut guard))).await;
        let closed = Catch::new(guard.close_as(exit_of(&ended))).await;
        settle(ended, closed)
    };
    With { run }
}

/// What a body's end is to its cleanup.
pub(crate) fn exit_of<T, E>(ended: &Result<Result<T, E>, Payload>) -> Exit {
    match ended {
        Ok(Ok(_)) => Exit::Done,
        Ok(Err(_)) => Exit::Failed,
        Err(_) => Exit::Panicked,
    }
}

/// What comes of both.
pub(crate) fn settle<T, E, CE>(
    ended: Result<Result<T, E>, Payload>,
    closed: Result<Result<(), CE>, Payload>,
) -> Result<T, WithError<E, CE>> {
    match (ended, closed) {
        (Err(panic), _) | (_, Err(panic)) => resume_unwind(panic),
        (Ok(Ok(value)), Ok(Ok(()))) => Ok(value),
        (Ok(Err(body)), Ok(Ok(()))) => Err(WithError::Body(body)),
        (Ok(Ok(_)), Ok(Err(close))) => Err(WithError::Close(close)),
        (Ok(Err(body)), Ok(Err(close))) => Err(WithError::Both { body, close }),
    }
}

pin_project! {
    /// The future of [`with`] and of `with_stack`; `F` is the body and the cleanup, as one.
    #[must_use = "futures do nothing unless polled"]
    pub struct With<F> {
        #[pin]
        pub(super) run: F,
    }
}

#[cfg(feature = "stack")]
impl<F> With<F> {
    pub(crate) fn new(run: F) -> Self {
        Self { run }
    }
}

impl<F: Future> Future for With<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.project().run.poll(cx)
    }
}

impl<F> fmt::Debug for With<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("With").finish_non_exhaustive()
    }
}

/// What failed: the body, the cleanup, or both ([`with`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WithError<E, C> {
    /// The body, and the cleanup went well.
    Body(E),
    /// The cleanup, and the body went well; its value is dropped.
    Close(C),
    /// Both.
    Both {
        /// What the body failed with.
        body: E,
        /// What the cleanup failed with.
        close: C,
    },
}

impl<E: fmt::Display, C: fmt::Display> fmt::Display for WithError<E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(body) => body.fmt(f),
            Self::Close(close) => write!(f, "the cleanup failed: {close}"),
            Self::Both { body, close } => write!(f, "{body}; and the cleanup failed: {close}"),
        }
    }
}

impl<E: Error, C: Error> Error for WithError<E, C> {}
