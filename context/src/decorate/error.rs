//! The error of a function that has none that decorators can speak.

use core::{fmt, future::Future};

use super::{Call, SendCall, decorate, opaque};

/// Why a decorated call failed: a refusal of a decorator's, or the function's own error.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use selvedge_context::decorate::{CallError, op};
///
/// async fn fetch(page: u32) -> Result<u32, CallError<&'static str>> {
///     match page {
///         0 => std::future::pending().await,
///         404 => Err(CallError::Inner("no such page")),
///         page => Ok(page),
///     }
/// }
///
/// let fetch = op(fetch).timeout(Duration::from_millis(1));
/// # pollster::block_on(async {
/// // The decorators' refusals by name, and what is the function's own.
/// assert!(matches!(fetch.call(0).await, Err(CallError::Elapsed(_))));
/// assert_eq!(fetch.call(404).await.unwrap_err().into_inner(), Some("no such page"));
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError<E> {
    /// The function's own error.
    Inner(E),
    /// It took too long.
    #[cfg(feature = "timed")]
    Elapsed(super::Elapsed),
    /// There was no room for it.
    #[cfg(feature = "limit")]
    Refused(super::Refused),
    /// The circuit breaker is open.
    #[cfg(feature = "breaker")]
    Open(super::Open),
    /// Another call stands for it.
    #[cfg(feature = "_edge")]
    Skipped(super::Skipped),
    /// Whoever makes the calls is gone.
    #[cfg(feature = "buffer")]
    BufferClosed(super::BufferClosed),
    /// It asked for more than the limiter ever gives at once.
    #[cfg(feature = "rate_limit")]
    RateLimited(super::RateLimited),
}

impl<E> CallError<E> {
    /// The function's own error, if it is that.
    pub fn into_inner(self) -> Option<E> {
        match self {
            Self::Inner(error) => Some(error),
            #[cfg(any(
                feature = "_edge",
                feature = "breaker",
                feature = "buffer",
                feature = "limit",
                feature = "rate_limit",
                feature = "timed"
            ))]
            _ => None,
        }
    }
}

impl<E: fmt::Display> fmt::Display for CallError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inner(error) => error.fmt(f),
            #[cfg(feature = "timed")]
            Self::Elapsed(error) => error.fmt(f),
            #[cfg(feature = "limit")]
            Self::Refused(error) => error.fmt(f),
            #[cfg(feature = "breaker")]
            Self::Open(error) => error.fmt(f),
            #[cfg(feature = "_edge")]
            Self::Skipped(error) => error.fmt(f),
            #[cfg(feature = "buffer")]
            Self::BufferClosed(error) => error.fmt(f),
            #[cfg(feature = "rate_limit")]
            Self::RateLimited(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for CallError<E> {}

macro_rules! refusals {
    ($($(#[$attr:meta])* $name:ident;)*) => {$(
        $(#[$attr])*
        impl<E> From<super::$name> for CallError<E> {
            fn from(error: super::$name) -> Self {
                Self::$name(error)
            }
        }
    )*};
}
refusals! {
    #[cfg(feature = "timed")]
    Elapsed;
    #[cfg(feature = "limit")]
    Refused;
    #[cfg(feature = "breaker")]
    Open;
    #[cfg(feature = "_edge")]
    Skipped;
    #[cfg(feature = "buffer")]
    BufferClosed;
    #[cfg(feature = "rate_limit")]
    RateLimited;
}

/// See [`Op::errors`](super::Op::errors).
#[derive(Clone, Copy)]
pub struct Errors<C> {
    pub(super) inner: C,
}

decorate! {
    [R, E] Errors<C>;
    call: [C: Call<Args, Output = Result<R, E>>];
    send_call: [C: SendCall<Args, Output = Result<R, E>>, Args: Send, R: Send, E: Send];
    |_me, args, inner| -> Result<R, CallError<E>> {
        let call = inner(args);
        async move { call.await.map_err(CallError::Inner) }
    }
}

opaque! { Errors<C> }
