//! Why a token was cancelled.

use alloc::{boxed::Box, string::String, sync::Arc};
use core::{error::Error, fmt};

/// Why a token was cancelled ([`CancellationToken::reason`](super::CancellationToken::reason)).
///
/// # Examples
///
/// ```
/// use selvedge_context::{CancellationToken, Reason};
///
/// let token = CancellationToken::new();
/// token.cancel_with("the client has gone");
/// assert_eq!(token.reason().unwrap().to_string(), "the client has gone");
///
/// // An error of one's own, and its way back.
/// let token = CancellationToken::new();
/// token.cancel_with(Reason::error("x".parse::<u8>().unwrap_err()));
/// let Some(Reason::Because(why)) = token.reason() else { unreachable!() };
/// assert!(why.is::<std::num::ParseIntError>());
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Reason {
    /// Somebody called for it, and gave no reason.
    Cancelled,
    /// A drop guard went.
    Dropped,
    /// The deadline has passed.
    Elapsed,
    /// What was told.
    Because(Arc<dyn Error + Send + Sync>),
}

impl Reason {
    /// An error as a reason.
    #[must_use]
    pub fn error(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Because(Arc::new(error))
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        Self::from(Box::<dyn Error + Send + Sync>::from(text))
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self::from(Box::<dyn Error + Send + Sync>::from(text))
    }
}

impl From<Box<dyn Error + Send + Sync>> for Reason {
    fn from(error: Box<dyn Error + Send + Sync>) -> Self {
        Self::Because(Arc::from(error))
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("cancelled"),
            Self::Dropped => f.write_str("the guard was dropped"),
            Self::Elapsed => f.write_str("the deadline has elapsed"),
            Self::Because(why) => why.fmt(f),
        }
    }
}

impl Error for Reason {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Because(why) => why.source(),
            _ => None,
        }
    }
}
