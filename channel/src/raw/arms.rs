//! One of several futures that are pinned together.
#![expect(unsafe_code, reason = "a part of what is pinned is pinned")]

use core::pin::Pin;

/// The one at `at`.
pub(crate) fn nth<F>(all: Pin<&mut [F]>, at: usize) -> Pin<&mut F> {
    // SAFETY: what is in a pinned slice is pinned as the slice is, and nothing is moved out of it.
    unsafe { all.map_unchecked_mut(|all| &mut all[at]) }
}
