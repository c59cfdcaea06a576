//! Receiving from several channels at once, whichever has something first.
//!
//! A [`Select`] is asked again and again, with what is to be received from each channel: the first
//! that is ready wins, and the others are dropped. Only what has nothing to lose then can be an arm
//! ([`Lossless`]): a message is in its channel until its `recv` is ready. A `Select` remembers whose
//! turn it is, so that of several channels that always have something each is served in turn.
//!
//! # Examples
//!
//! ```
//! # pollster::block_on(async {
//! use selvedge_channel::{mpmc, mpsc, select::{Of2, Select}};
//!
//! let (words, said) = mpmc::unbounded();
//! let (numbers, mut counted) = mpsc::channel(8);
//! words.try_send("warp").unwrap();
//! numbers.try_send(2).unwrap();
//! drop((words, numbers));
//!
//! let mut select = Select::new();
//! let mut seen = Vec::new();
//! while seen.len() < 2 {
//!     match select.next((said.recv(), counted.recv())).await {
//!         Of2::First(Ok(word)) => seen.push(word.to_string()),
//!         Of2::Second(Some(number)) => seen.push(number.to_string()),
//!         Of2::First(Err(_)) | Of2::Second(None) => {}
//!     }
//! }
//! seen.sort();
//! assert_eq!(seen, ["2", "warp"]);
//! # });
//! ```

use alloc::vec::Vec;
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

/// A future that loses nothing when it is dropped before it was ready, and whose wake-up goes to the
/// next in line then.
///
/// What the channels of this crate receive by is; implement it for what is made of them.
///
/// # Examples
///
/// ```
/// use std::{future::Future, pin::Pin, task::{Context, Poll}};
///
/// use selvedge_channel::{mpsc, select::{Lossless, Of2, Select}};
///
/// /// A `recv` that is counted. It holds nothing of its own, so dropping it loses nothing.
/// struct Counted<'a>(mpsc::Recv<'a, u8>, &'a mut usize);
///
/// impl Future for Counted<'_> {
///     type Output = Option<u8>;
///
///     fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u8>> {
///         let message = std::task::ready!(Pin::new(&mut self.0).poll(cx));
///         *self.1 += 1;
///         Poll::Ready(message)
///     }
/// }
///
/// impl Lossless for Counted<'_> {}
///
/// # pollster::block_on(async {
/// let (tx, mut rx) = mpsc::channel(1);
/// let (_other_tx, mut other) = mpsc::channel::<u8>(1);
/// tx.send(7).await.unwrap();
/// let mut count = 0;
/// let got = Select::new().next((Counted(rx.recv(), &mut count), other.recv())).await;
/// assert_eq!((got, count), (Of2::First(Some(7)), 1));
/// # });
/// ```
pub trait Lossless: Future {}

#[cfg(feature = "mpmc")]
impl<T> Lossless for crate::mpmc::Recv<'_, T> {}
#[cfg(feature = "mpmc")]
impl<T> Lossless for crate::mpmc::RecvMany<'_, T> {}
#[cfg(feature = "mpmc")]
impl<T> Lossless for crate::mpmc::Closed<'_, T> {}
#[cfg(feature = "mpsc")]
impl<T> Lossless for crate::mpsc::Recv<'_, T> {}
#[cfg(feature = "mpsc")]
impl<T> Lossless for crate::mpsc::RecvMany<'_, T> {}
#[cfg(feature = "mpsc")]
impl<T> Lossless for crate::mpsc::Closed<'_, T> {}

/// Asks several channels in turn.
///
/// # Fairness
///
/// Of `n` arms that are ready each time, each wins once in `n` times.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_channel::{mpmc, select::{Of2, Select}};
///
/// let (warps, warp) = mpmc::unbounded();
/// let (wefts, weft) = mpmc::unbounded();
/// for n in 0..2 {
///     warps.try_send(n).unwrap();
///     wefts.try_send(n).unwrap();
/// }
/// let mut select = Select::new();
/// let mut turns = Vec::new();
/// for _ in 0..4 {
///     turns.push(match select.next((warp.recv(), weft.recv())).await {
///         Of2::First(_) => "warp",
///         Of2::Second(_) => "weft",
///     });
/// }
/// // Both always had something; kept from call to call, it lets them take turns.
/// assert_eq!(turns, ["warp", "weft", "warp", "weft"]);
/// # });
/// ```
#[derive(Clone, Debug, Default)]
pub struct Select {
    turn: usize,
}

impl Select {
    /// The first arm comes first.
    #[must_use]
    pub const fn new() -> Self {
        Self { turn: 0 }
    }

    /// Waits for the first of `arms` that is ready: a tuple of different ones, or an array or `Vec`
    /// of the like. The others are dropped, which loses nothing.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops all arms, which loses nothing.
    ///
    /// # Panics
    ///
    /// The future panics if there is no arm, or if polled after completion.
    #[inline]
    pub fn next<A: Arms>(&mut self, arms: A) -> Next<'_, A> {
        Next { turn: &mut self.turn, arms: Some(arms.arms()) }
    }

    /// As [`next`](Self::next), with the calling thread.
    ///
    /// # Panics
    ///
    /// Panics if there is no arm.
    ///
    /// # Examples
    ///
    /// ```
    /// use selvedge_channel::{mpmc, select::{Of2, Select}};
    ///
    /// let (tx, red) = mpmc::unbounded();
    /// let (_kept, blue) = mpmc::unbounded::<u8>();
    /// tx.try_send(7).unwrap();
    /// let got = Select::new().blocking_next((red.recv(), blue.recv()));
    /// assert_eq!(got, Of2::First(Ok(7)));
    /// ```
    #[cfg(any(feature = "std", selvedge_loom))]
    pub fn blocking_next<A: Arms>(&mut self, arms: A) -> A::Output {
        selvedge_sync::raw::block::block_on(self.next(arms))
    }
}

/// What a [`Select`] can wait for: tuples of up to six, arrays and vectors.
pub trait Arms {
    /// Which arm won, and what it received.
    type Output;
    /// The arms, where they are polled.
    type Polled: PollArm<Output = Self::Output>;

    /// The arms, to be polled.
    fn arms(self) -> Self::Polled;
}

/// [`Arms`] that are being polled, one by one, by a [`Select`].
pub trait PollArm {
    /// Which arm won, and what it received.
    type Output;

    /// How many there are.
    fn count(&self) -> usize;

    /// Polls one of them.
    fn poll_arm(self: Pin<&mut Self>, arm: usize, cx: &mut Context<'_>) -> Poll<Self::Output>;
}

pin_project! {
    /// The future of [`Select::next`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Next<'a, A: Arms> {
        turn: &'a mut usize,
        #[pin]
        arms: Option<A::Polled>,
    }
}

impl<A: Arms> Future for Next<'_, A> {
    type Output = A::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A::Output> {
        let mut this = self.project();
        let Some(mut arms) = this.arms.as_mut().as_pin_mut() else {
            panic!("a future was polled after completion")
        };
        let count = arms.count();
        assert!(count > 0, "there is nothing to wait for");
        for at in 0..count {
            let arm = this.turn.wrapping_add(at) % count;
            if let Poll::Ready(output) = arms.as_mut().poll_arm(arm, cx) {
                **this.turn = (arm + 1) % count;
                this.arms.set(None);
                return Poll::Ready(output);
            }
        }
        Poll::Pending
    }
}

impl<A: Arms> fmt::Debug for Next<'_, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").finish_non_exhaustive()
    }
}

macro_rules! tuples {
    ($($(#[$attr:meta])* $of:ident $polled:ident: $($arm:ident $field:ident $at:tt),*;)*) => {$(
        $(#[$attr])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $of<$($arm),*> {
            $(
                #[doc = concat!("From the arm at ", stringify!($at), ".")]
                $arm($arm),
            )*
        }

        pin_project! {
            #[doc = concat!("The arms of a [`", stringify!($of), "`], as a [`Select`] polls them.")]
            #[derive(Debug)]
            pub struct $polled<$($arm),*> {
                $(
                    #[pin]
                    $field: $arm,
                )*
            }
        }

        impl<$($arm: Lossless),*> Arms for ($($arm,)*) {
            type Output = $of<$($arm::Output),*>;
            type Polled = $polled<$($arm),*>;

            #[inline]
            fn arms(self) -> Self::Polled {
                $polled { $($field: self.$at),* }
            }
        }

        impl<$($arm: Lossless),*> PollArm for $polled<$($arm),*> {
            type Output = $of<$($arm::Output),*>;

            #[inline]
            fn count(&self) -> usize {
                [$($at),*].len()
            }

            #[inline]
            fn poll_arm(
                self: Pin<&mut Self>,
                arm: usize,
                cx: &mut Context<'_>,
            ) -> Poll<Self::Output> {
                let this = self.project();
                match arm {
                    $($at => this.$field.poll(cx).map($of::$arm),)*
                    _ => Poll::Pending,
                }
            }
        }
    )*};
}

tuples! {
    /// What one of two arms of a [`Select`] received.
    Of2 Arms2: First first 0, Second second 1;
    /// What one of three arms of a [`Select`] received.
    Of3 Arms3: First first 0, Second second 1, Third third 2;
    /// What one of four arms of a [`Select`] received.
    Of4 Arms4: First first 0, Second second 1, Third third 2, Fourth fourth 3;
    /// What one of five arms of a [`Select`] received.
    Of5 Arms5: First first 0, Second second 1, Third third 2, Fourth fourth 3, Fifth fifth 4;
    /// What one of six arms of a [`Select`] received.
    Of6 Arms6: First first 0, Second second 1, Third third 2, Fourth fourth 3, Fifth fifth 4,
        Sixth sixth 5;
}

/// Arms that are alike: which one won, by its index, and what it received.
///
/// # Examples
///
/// ```
/// # pollster::block_on(async {
/// use selvedge_channel::{mpmc, select::Select};
///
/// let looms: Vec<_> = (0..3).map(|_| mpmc::unbounded()).collect();
/// looms[2].0.try_send("a scarf").unwrap();
/// let arms: Vec<_> = looms.iter().map(|(_, made)| made.recv()).collect();
/// assert_eq!(Select::new().next(arms).await, (2, Ok("a scarf")));
/// # });
/// ```
#[derive(Debug)]
pub struct Alike<F>(Pin<alloc::boxed::Box<[F]>>);

impl<F: Lossless> Arms for Vec<F> {
    type Output = (usize, F::Output);
    type Polled = Alike<F>;

    fn arms(self) -> Alike<F> {
        Alike(self.into_boxed_slice().into())
    }
}

impl<F: Lossless, const N: usize> Arms for [F; N] {
    type Output = (usize, F::Output);
    type Polled = Alike<F>;

    fn arms(self) -> Alike<F> {
        Vec::from(self).arms()
    }
}

impl<F: Lossless> PollArm for Alike<F> {
    type Output = (usize, F::Output);

    fn count(&self) -> usize {
        self.0.len()
    }

    fn poll_arm(mut self: Pin<&mut Self>, arm: usize, cx: &mut Context<'_>) -> Poll<Self::Output> {
        crate::raw::arms::nth(self.0.as_mut(), arm).poll(cx).map(|output| (arm, output))
    }
}
