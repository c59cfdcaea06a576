//! Who waits for a token to be cancelled.

use selvedge_sync::raw::{
    line::{Answer, Asks, Line, Place, Primitive, Queue, Turns},
    shim::{Label, mutant},
    wakers::WakeList,
};

use super::Node;

impl Turns for Node {
    type Ask = ();

    #[inline(always)]
    fn line(&self) -> &Line<()> {
        &self.line
    }

    #[inline(always)]
    fn label(&self) -> Label {
        self.label
    }

    #[inline(always)]
    fn try_take(&self, (): ()) -> Answer<()> {
        if self.is_cancelled() { Answer::Granted(()) } else { Answer::Wait }
    }

    fn admit(&self, (): (), _: Place, _: &Queue<()>) -> Answer<()> {
        // RACE: 1. A finds the token open. 2. B cancels it, and empties the line. 3. A lines up,
        //       and sleeps for ever. So A looks again with the line locked.
        if mutant!("a waiter does not look again") { Answer::Wait } else { self.try_take(()) }
    }

    #[inline(always)]
    fn give_back(&self, (): ()) {}

    fn left(&self, _: bool, _: &mut Queue<()>, _: &mut WakeList) -> bool {
        false
    }
}

// SAFETY: it is its own.
#[expect(unsafe_code, reason = "promises where the state is")]
unsafe impl Primitive for Node {
    type Core = Self;

    #[inline(always)]
    fn core(&self) -> &Self {
        self
    }
}

/// There is one thing to ask of a token.
#[derive(Clone, Copy, Debug)]
pub(in crate::cancel) struct Cancelled;

impl Asks<()> for Cancelled {
    #[inline(always)]
    fn ask(self) {}

    #[inline(always)]
    fn granted((): ()) -> Self {
        Self
    }
}
