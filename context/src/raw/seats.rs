//! Room for a few futures of one type, inside of another future.
//!
//! Invariant: whoever is seated stays where they are until their seat is set anew, in place.
#![expect(unsafe_code, reason = "a pinned array leads to its pinned parts")]

use core::{fmt, pin::Pin};

/// The seats.
pub struct Seats<F, const N: usize>([Option<F>; N]);

impl<F, const N: usize> Seats<F, N> {
    /// All of them empty.
    #[expect(clippy::new_without_default, reason = "one way to make it is enough")]
    #[must_use]
    pub fn new() -> Self {
        Self([const { None }; N])
    }

    /// One of them.
    ///
    /// # Panics
    ///
    /// If there is none of that number.
    pub fn seat(self: Pin<&mut Self>, at: usize) -> Pin<&mut Option<F>> {
        // SAFETY: nothing is moved out of a seat, and `Seats` is `Unpin` only if `F` is.
        unsafe { self.map_unchecked_mut(|seats| &mut seats.0[at]) }
    }

    /// Drops whoever is seated, in order.
    pub fn clear(mut self: Pin<&mut Self>) {
        for at in 0..N {
            self.as_mut().seat(at).set(None);
        }
    }
}

impl<F, const N: usize> fmt::Debug for Seats<F, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seats").field("seats", &N).finish_non_exhaustive()
    }
}
