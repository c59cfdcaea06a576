//! A turn that somebody has.

use core::{fmt, mem};

use super::{Answer, Ask, Asks, Core, Handle, Primitive, Turns};
use crate::raw::{
    shim::{self, op},
    trace::Trace,
};

/// A turn that was taken; dropping it gives it back.
#[must_use = "dropping a turn gives it back"]
pub struct Turn<H, A>
where
    H: Handle,
    A: Asks<Ask<H>>,
{
    pub(super) handle: H,
    pub(super) asks: A,
    pub(super) trace: Trace,
}

impl<H: Handle, A: Asks<Ask<H>>> Turn<H, A> {
    /// Takes a turn without waiting.
    ///
    /// # Errors
    ///
    /// Says why not.
    #[inline(always)]
    #[track_caller]
    pub fn try_take(handle: H, asks: A) -> Result<Self, Answer<Ask<H>>> {
        match handle.core().try_take(asks.ask()) {
            Answer::Granted(ask) => {
                op!(handle.core().label(), "acquired");
                Ok(Self::of(handle, A::granted(ask)))
            }
            other => Err(other),
        }
    }

    /// A turn that is the caller's already: a part of another, or what a change of the state made.
    #[inline(always)]
    #[track_caller]
    pub fn of(handle: H, asks: A) -> Self {
        let core = handle.core();
        let trace = Trace::here().holds(core, || core.label(), None);
        Self { handle, asks, trace }
    }

    /// What the turn belongs to.
    #[inline(always)]
    pub fn handle(&self) -> &H {
        &self.handle
    }

    /// What was granted.
    #[inline(always)]
    pub fn asks(&self) -> A {
        self.asks
    }

    /// Changes what is given back in the end.
    #[inline]
    pub fn set_asks(&mut self, asks: A) {
        self.asks = asks;
    }

    /// Keeps the turn for ever, and hands out what held it.
    #[inline]
    pub fn into_handle(self) -> H {
        self.into_parts().0
    }

    fn into_parts(self) -> (H, Trace) {
        let this = mem::ManuallyDrop::new(self);
        // SAFETY: `this` is not dropped, so both are moved out once.
        unsafe { (core::ptr::read(&this.handle), core::ptr::read(&this.trace)) }
    }

    /// The same turn as something else: `change` is the step on the state.
    #[inline]
    pub fn become_<B: Asks<Ask<H>>>(self, asks: B, change: impl FnOnce(&Core<H>)) -> Turn<H, B> {
        // Should a waker panic in `change`, the turn is given back as what it is by then.
        let (handle, trace) = self.into_parts();
        let turn = Turn { handle, asks, trace };
        change(turn.handle.core());
        turn
    }
}

impl<'a, P, A> Turn<&'a P, A>
where
    P: Primitive<Core: Primitive<Core = P::Core> + Sized> + ?Sized,
    A: Asks<<P::Core as Turns>::Ask>,
{
    /// The same turn, held by the core alone: it no longer names the primitive's type.
    #[inline]
    pub fn narrow(self) -> Turn<&'a P::Core, A> {
        let asks = self.asks;
        let (handle, trace) = self.into_parts();
        Turn { handle: handle.core(), asks, trace }
    }
}

impl<H: Handle, A: Asks<Ask<H>>> Drop for Turn<H, A> {
    #[inline(always)]
    fn drop(&mut self) {
        if !shim::doomed() {
            op!(self.handle.core().label(), "released");
            self.handle.core().give_back(self.asks.ask());
        }
    }
}

impl<H: Handle, A: Asks<Ask<H>>> fmt::Debug for Turn<H, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn")
    }
}
