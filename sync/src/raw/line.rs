//! Waiting in line, and being granted a turn.
//!
//! A primitive says what a turn costs ([`Turns`]); everything about waiting for one is here. A
//! [`Wait`] is one place in the line, inside a future; a [`Turn`] is what comes out of it, and
//! gives itself back.
//!
//! ```text
//!              admit: Wait           grant
//!  outside ───────────────► WAITING ───────────────────────────► GRANTED ──► taken
//!     │                     │  ▲  │ call                            │
//!     │ try_take: Granted   │  │  ▼                                 │ dropped: give_back
//!     ╰──────────► taken    │  ╰─ CALLED ──► taken (admit: Granted) ╰─────────► next in line
//!                           │       │ dropped: left
//!                           ╰───────┴──► next in line
//! ```
//!
//! No waker is cloned, woken or dropped while the line is locked: that is other people's code.
#![expect(unsafe_code, reason = "a `Wait` owns the pinned node that it puts in line")]

use alloc::sync::Arc;
use core::ops::Deref;

use super::{shim::Label, wakers::WakeList};

pub use self::{
    queue::{Line, Queue},
    turn::Turn,
    wait::Wait,
};

mod queue;
mod turn;
mod wait;

/// A primitive whose turns tasks wait for.
pub trait Turns {
    /// What a task asks for: nothing, a number of permits, a kind of access.
    type Ask: Copy;

    /// Where they wait.
    fn line(&self) -> &Line<Self::Ask>;

    /// The name in a timeline.
    fn label(&self) -> Label;

    /// Takes a turn if none has to be waited for.
    fn try_take(&self, ask: Self::Ask) -> Answer<Self::Ask>;

    /// Whether who asks this stands in front of all others.
    #[inline(always)]
    fn goes_first(_: Self::Ask) -> bool {
        false
    }

    /// Takes a turn, else notes in the state that somebody waits. The line is locked; who asks has
    /// been called ([`Place::Called`]), or is not in it yet.
    fn admit(&self, ask: Self::Ask, place: Place, queue: &Queue<Self::Ask>) -> Answer<Self::Ask>;

    /// Gives a turn back, so that the next in line may have it.
    fn give_back(&self, ask: Self::Ask);

    /// Somebody who was called has looked, and has left the line with a turn, or rests in their
    /// place. Collects who is to be woken now, as [`left`](Self::left) does.
    #[inline(always)]
    fn looked(&self, _queue: &mut Queue<Self::Ask>, _wakes: &mut WakeList) -> bool {
        false
    }

    /// Somebody has left the line without a turn; `called` if they had been called. Collects who
    /// is to be woken now, and says whether there are more than `wakes` has room for.
    fn left(&self, called: bool, queue: &mut Queue<Self::Ask>, wakes: &mut WakeList) -> bool;

    /// Whether a turn has come to all who asked for `ask`, this one too, who is in line still and
    /// has not been reached. Looked at by every poll, without the line's lock and with it.
    #[inline(always)]
    fn is_due(&self, _ask: Self::Ask) -> bool {
        false
    }

    /// Somebody who was to get `ask` has just stepped out of line, of their own accord: to leave,
    /// or because their turn [is due](Self::is_due). The line is locked.
    #[inline(always)]
    fn stepped_out(&self, _ask: Self::Ask, _queue: &Queue<Self::Ask>) {}
}

/// What a task is told that asks for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer<Ask> {
    /// Here it is: what was granted.
    Granted(Ask),
    /// There will be none.
    Refused,
    /// Not now.
    Wait,
}

/// Where in line a task stands that asks for a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In none: it has just come.
    New,
    /// In line, and called: its head, or among the first.
    Called,
}

/// How the holder of a turn remembers what it asked for.
pub trait Asks<Ask>: Copy {
    /// What it asks for.
    fn ask(self) -> Ask;

    /// What it was granted.
    fn granted(ask: Ask) -> Self;
}

/// Something that has turns, or leads to what has them.
///
/// # Safety
///
/// `core` always leads to the same place.
pub unsafe trait Primitive {
    /// What has the turns.
    type Core: Turns + ?Sized;

    /// Where it is.
    fn core(&self) -> &Self::Core;
}

/// A handle that keeps a primitive alive: `&P` or `Arc<P>`.
///
/// # Safety
///
/// Dereferencing always leads to the same place, wherever the handle is moved.
pub unsafe trait Handle: Deref<Target: Primitive> {}

// SAFETY: a reference leads to one place.
unsafe impl<P: Primitive + ?Sized> Handle for &P {}
// SAFETY: so does an `Arc`.
unsafe impl<P: Primitive + ?Sized> Handle for Arc<P> {}

type Core<H> = <<H as Deref>::Target as Primitive>::Core;
type Ask<H> = <Core<H> as Turns>::Ask;
