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
    /// What a call ends with: the output, or that and whether it was shared.
    type Told;

    /// What others get of `output`; `None` if that is nothing.
    fn value(output: &O) -> Option<&Self::Value>;

    /// What it is for them.
    fn output(value: Self::Value) -> O;

    /// What a call ends with, of which the output was shared or not.
    fn tell(output: O, shared: bool) -> Self::Told;
}

/// What is inside of an `Ok` is [shared](Share); an error is its caller's alone, and need not be
/// `Clone`.
#[derive(Clone, Copy, Debug, Default)]
pub struct OkOnly;

/// The whole output is [shared](Share), whatever it is: errors, too.
#[derive(Clone, Copy, Debug, Default)]
pub struct Whole;

/// What `M` says is [shared](Share), and whether it was: `Ok((value, shared))` or `(output, shared)`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Flagged<M>(core::marker::PhantomData<M>);

impl<R: Clone, E> Share<Result<R, E>> for OkOnly {
    type Value = R;
    type Told = Result<R, E>;

    #[inline]
    fn value(output: &Result<R, E>) -> Option<&R> {
        output.as_ref().ok()
    }

    #[inline]
    fn output(value: R) -> Result<R, E> {
        Ok(value)
    }

    #[inline]
    fn tell(output: Result<R, E>, _: bool) -> Result<R, E> {
        output
    }
}

impl<O: Clone> Share<O> for Whole {
    type Value = O;
    type Told = O;

    #[inline]
    fn value(output: &O) -> Option<&O> {
        Some(output)
    }

    #[inline]
    fn output(value: O) -> O {
        value
    }

    #[inline]
    fn tell(output: O, _: bool) -> O {
        output
    }
}

impl<R: Clone, E> Share<Result<R, E>> for Flagged<OkOnly> {
    type Value = R;
    type Told = Result<(R, bool), E>;

    #[inline]
    fn value(output: &Result<R, E>) -> Option<&R> {
        OkOnly::value(output)
    }

    #[inline]
    fn output(value: R) -> Result<R, E> {
        Ok(value)
    }

    #[inline]
    fn tell(output: Result<R, E>, shared: bool) -> Self::Told {
        output.map(|value| (value, shared))
    }
}

impl<O: Clone> Share<O> for Flagged<Whole> {
    type Value = O;
    type Told = (O, bool);

    #[inline]
    fn value(output: &O) -> Option<&O> {
        Some(output)
    }

    #[inline]
    fn output(value: O) -> O {
        value
    }

    #[inline]
    fn tell(output: O, shared: bool) -> (O, bool) {
        (output, shared)
    }
}

/// A mode that is only a type.
#[cfg(any(feature = "cache", feature = "single_flight"))]
pub(super) type Mode<M> = core::marker::PhantomData<fn() -> M>;
