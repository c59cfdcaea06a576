//! What cancels when it is dropped, and what takes a callback back.

use core::fmt;

use super::{CancellationToken, Reason};
use crate::raw::catch::swallow;

/// Cancels its token when dropped ([`CancellationToken::drop_guard`]).
///
/// A waker or a callback that panics meanwhile is silenced: this is a destructor.
#[must_use = "dropping the guard cancels the token"]
pub struct DropGuard {
    pub(super) token: Option<CancellationToken>,
}

impl DropGuard {
    /// What it would cancel.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it is there until the guard goes")]
    pub fn token(&self) -> &CancellationToken {
        self.token.as_ref().expect("taken by `disarm` alone, which takes the guard")
    }

    /// Hands the token back, without a cancel.
    #[expect(clippy::missing_panics_doc, reason = "it is there until the guard goes")]
    pub fn disarm(mut self) -> CancellationToken {
        self.token.take().expect("taken once")
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            swallow(|| token.cancel_with(Reason::Dropped));
        }
    }
}

/// Cancels the token that it borrows when dropped ([`CancellationToken::drop_guard_ref`]).
///
/// A waker or a callback that panics meanwhile is silenced: this is a destructor.
#[must_use = "dropping the guard cancels the token"]
pub struct DropGuardRef<'a> {
    pub(super) token: Option<&'a CancellationToken>,
}

impl<'a> DropGuardRef<'a> {
    /// What it would cancel.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "it is there until the guard goes")]
    pub fn token(&self) -> &CancellationToken {
        self.token.expect("taken by `disarm` alone, which takes the guard")
    }

    /// Hands the token back, without a cancel.
    #[expect(clippy::missing_panics_doc, reason = "it is there until the guard goes")]
    pub fn disarm(mut self) -> &'a CancellationToken {
        self.token.take().expect("taken once")
    }
}

impl Drop for DropGuardRef<'_> {
    fn drop(&mut self) {
        if let Some(token) = self.token.take() {
            swallow(|| token.cancel_with(Reason::Dropped));
        }
    }
}

/// Takes its callback back when dropped ([`CancellationToken::on_cancel`]).
///
/// It does not wait for a callback that runs already.
#[must_use = "dropping the registration takes the callback back"]
pub struct Registration {
    /// `None` once there is nothing to take back.
    pub(super) place: Option<(CancellationToken, usize)>,
}

impl Registration {
    /// Leaves the callback where it is, for as long as the token lives.
    pub fn detach(mut self) {
        self.place = None;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        if let Some((token, key)) = self.place.take() {
            let callback = token.node.deregister(key);
            swallow(|| drop(callback));
        }
    }
}

impl fmt::Debug for DropGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DropGuard").field("token", &self.token).finish()
    }
}

impl fmt::Debug for DropGuardRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DropGuardRef").field("token", &self.token).finish()
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registration").finish_non_exhaustive()
    }
}
