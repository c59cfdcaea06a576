//! Errors that more than one primitive returns.

use core::fmt;

/// The lock is held, or somebody waits for it who may not be overtaken.
///
/// # Examples
///
#[cfg_attr(feature = "mutex", doc = "```")]
#[cfg_attr(not(feature = "mutex"), doc = "```text")]
/// use selvedge_sync::Mutex;
///
/// let loom = Mutex::new(0);
/// let held = loom.try_lock()?;
/// assert!(loom.try_lock().is_err(), "it is held");
/// drop(held);
/// *loom.try_lock()? += 1;
/// # Ok::<(), selvedge_sync::TryLockError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryLockError(pub(crate) ());

impl fmt::Display for TryLockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the lock is held")
    }
}

impl core::error::Error for TryLockError {}
