//! A few futures side by side in one task, all of them polled with the task's own waker.
//!
//! To find out who was woken costs a block of wakers, two queues and a lock a wake-up. For a few
//! children it costs less to ask them all.
//!
//! Invariant: the places never move while a future is in one, and a future leaves its place by being
//! dropped there.
#![expect(unsafe_code, reason = "futures are pinned in their places")]

use alloc::vec::Vec;
use core::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use selvedge_sync::raw::shim::mutant;

/// How many are few. At 16 children that end one by one, nine in ten polls are for nothing, and cost
/// what their wakers would have cost.
pub const FEW: usize = 16;

/// Futures of one type, and what has become of those that have ended.
pub struct Few<F, T>(Vec<Place<F, T>>);

enum Place<F, T> {
    Runs(F),
    Ended(T),
    Gone,
}

impl<F, T> Few<F, T> {
    /// All of `futures`, if they are few.
    ///
    /// # Errors
    ///
    /// They are not: here are the first, and `futures` has the others.
    pub fn of(futures: &mut impl Iterator<Item = F>) -> Result<Self, Vec<F>> {
        if futures.size_hint().0 > FEW {
            return Err(Vec::new());
        }
        let places: Vec<_> = futures.take(FEW + 1).map(Place::Runs).collect();
        if places.len() <= FEW {
            return Ok(Self(places));
        }
        let futures = places.into_iter().filter_map(|place| match place {
            Place::Runs(future) => Some(future),
            Place::Ended(_) | Place::Gone => None,
        });
        Err(futures.collect())
    }

    /// How many have not ended.
    pub fn left(&self) -> usize {
        self.0.iter().filter(|place| matches!(place, Place::Runs(_))).count()
    }

    /// What has become of them, in their order.
    pub fn outputs(&mut self) -> Vec<T> {
        let places = mem::take(&mut self.0).into_iter();
        places
            .map(|place| match place {
                Place::Ended(output) => output,
                Place::Runs(_) | Place::Gone => unreachable!("every child has ended"),
            })
            .collect()
    }
}

impl<F: Future, T> Few<F, T> {
    /// Polls those that have not ended, and keeps what `keep` makes of an output.
    ///
    /// # Errors
    ///
    /// The first error of `keep`; the others are where they were, and not all have been polled.
    #[inline]
    pub fn poll<E>(
        &mut self,
        cx: &mut Context<'_>,
        keep: impl Fn(F::Output) -> Result<T, E>,
    ) -> Poll<Result<(), E>> {
        let nobody = &mut Context::from_waker(Waker::noop());
        let cx = if mutant!("few children are polled for nobody") { nobody } else { cx };
        let mut pending = false;
        for place in &mut self.0 {
            let Place::Runs(future) = place else { continue };
            // SAFETY: the future stays where it is until it is dropped there: nothing is added to
            // the places, and they are taken out when no future is left.
            let Poll::Ready(output) = unsafe { Pin::new_unchecked(future) }.poll(cx) else {
                pending = true;
                continue;
            };
            // Dropped in its place; should its destructor panic, the place is free all the same.
            *place = Place::Gone;
            match keep(output) {
                Ok(output) => *place = Place::Ended(output),
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        if pending { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

impl<F, T> fmt::Debug for Few<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Few").field("left", &self.left()).finish_non_exhaustive()
    }
}
