//! How much of an output is for others than the one who made the call.

/// What of an output `O` is shared, or kept: [`OkOnly`] or [`Whole`].
///
/// # Examples
///
/// ```
/// use selvedge_context::decorate::{OkOnly, Share, Whole};
///
/// // What a flight hands to the others, and what a cache keeps.
/// let found: Result<u32, &str> = Err("no route");
/// assert_eq!(<OkOnly as Share<_>>::value(&found), None);
/// assert_eq!(<Whole as Share<_>>::value(&found), Some(&found));
/// ```
pub trait Share<O> {
    /// What others get.
    type Value: Clone;
    /// The output, and whether it was shared.
    type Flagged;

    /// What others get of `output`; `None` if that is nothing.
    fn value(output: &O) -> Option<&Self::Value>;

    /// What it is for them.
    fn output(value: Self::Value) -> O;

    /// Adds whether it was shared.
    fn flag(output: O, shared: bool) -> Self::Flagged;
}

/// What is inside of an `Ok` is [shared](Share); an error is its caller's alone, and need not be
/// `Clone`.
#[derive(Clone, Copy, Debug, Default)]
pub struct OkOnly;

/// The whole output is [shared](Share), whatever it is: errors, too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whole;

impl<R: Clone, E> Share<Result<R, E>> for OkOnly {
    type Value = R;
    type Flagged = Result<(R, bool), E>;

    #[inline]
    fn value(output: &Result<R, E>) -> Option<&R> {
        output.as_ref().ok()
    }

    #[inline]
    fn output(value: R) -> Result<R, E> {
        Ok(value)
    }

    #[inline]
    fn flag(output: Result<R, E>, shared: bool) -> Self::Flagged {
        output.map(|value| (value, shared))
    }
}

impl<O: Clone> Share<O> for Whole {
    type Value = O;
    type Flagged = (O, bool);

    #[inline]
    fn value(output: &O) -> Option<&O> {
        Some(output)
    }

    #[inline]
    fn output(value: O) -> O {
        value
    }

    #[inline]
    fn flag(output: O, shared: bool) -> (O, bool) {
        (output, shared)
    }
}

/// A mode that is only a type.
#[cfg(any(feature = "cache", feature = "single_flight"))]
pub(super) type Mode<M> = core::marker::PhantomData<fn() -> M>;
