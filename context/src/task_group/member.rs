//! A child of a group: the future that an executor gets.

use alloc::{borrow::Cow, boxed::Box, sync::Arc};
use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use selvedge_sync::{
    AcquireOwned, OwnedSemaphorePermit, Semaphore,
    raw::{line::Wait, shim::doomed},
};

use super::group::{Cancel, Group, Seat};
use crate::{
    Failure, Panic, Who,
    raw::catch::{Payload, catch},
};

pin_project! {
    /// A child of a [`TaskGroup`](crate::TaskGroup), on its way to an executor.
    ///
    /// It keeps the child's future in itself. The group allocates nothing for it, unless it has a
    /// name, or has to wait for its turn.
    #[must_use = "futures do nothing unless polled"]
    pub struct Member<F, E> {
        #[pin]
        future: Option<F>,
        // Its place in the group, until it has ended; it waits there to be cancelled.
        #[pin]
        cancel: Option<Wait<Seat<E>, Cancel>>,
        number: usize,
        extra: Option<Box<Extra>>,
    }

    impl<F, E> PinnedDrop for Member<F, E> {
        /// An executor that drops it unfinished says so to the group.
        #[inline]
        fn drop(this: Pin<&mut Self>) {
            if this.future.is_some() && !doomed() {
                this.dropped();
            }
        }
    }
}

/// What few children have.
struct Extra {
    name: Option<Cow<'static, str>>,
    turn: Turn,
}

/// Whether a child may run, in a group with a limit.
enum Turn {
    /// There is no limit.
    Free,
    /// It has asked, and waits.
    Waits(Pin<Box<AcquireOwned>>),
    /// It may. There is no permit if the semaphore was closed.
    Has { _permit: Option<OwnedSemaphorePermit> },
}

impl Extra {
    fn new(name: Option<Cow<'static, str>>, limit: Option<&Arc<Semaphore>>) -> Self {
        let turn = match limit {
            None => Turn::Free,
            Some(limit) => match limit.clone().try_acquire_owned() {
                Ok(permit) => Turn::Has { _permit: Some(permit) },
                Err(_) => Turn::Waits(Box::pin(limit.clone().acquire_owned())),
            },
        };
        Self { name, turn }
    }

    /// Waits for the turn, if it has to.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Turn::Waits(turn) = &mut self.turn {
            match turn.as_mut().poll(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(permit) => self.turn = Turn::Has { _permit: permit.ok() },
            }
        }
        Poll::Ready(())
    }
}

impl<F, E> Member<F, E> {
    #[inline]
    pub(super) fn new(
        seat: Seat<E>,
        number: usize,
        name: Option<Cow<'static, str>>,
        future: F,
    ) -> Self {
        let extra = match (&name, &seat.limit) {
            (None, None) => None,
            (_, limit) => Some(Box::new(Extra::new(name, limit.as_ref()))),
        };
        Self { future: Some(future), cancel: Some(Wait::new(seat, Cancel)), number, extra }
    }

    /// Ends well.
    #[inline]
    fn succeed(mut self: Pin<&mut Self>) {
        let mut this = self.as_mut().project();
        match catch(|| this.future.set(None)) {
            Ok(()) => {
                // The next one's turn comes before the group may end.
                *this.extra = None;
                this.cancel.set(None);
            }
            Err(payload) => self.end(Err(Some(Failure::Panicked(Panic::new(payload))))),
        }
    }

    /// Drops the future, notes what has become of it, and leaves the group.
    #[cold]
    #[inline(never)]
    fn end(mut self: Pin<&mut Self>, outcome: Result<(), Option<Failure<E>>>) {
        let end = self.as_mut().drop_future(outcome);
        let mut cancel = self.project().cancel;
        if let Some(group) = group(cancel.as_ref()) {
            end.note(group);
        }
        cancel.set(None);
    }

    /// Drops the future. The outcome is nothing if it was dropped before its end.
    fn drop_future(self: Pin<&mut Self>, outcome: Result<(), Option<Failure<E>>>) -> End<E> {
        let mut this = self.project();
        let dropped = catch(|| this.future.set(None));
        let name = this.extra.take().and_then(|extra| extra.name);
        End { who: Who::Child(*this.number, name), outcome, dropped }
    }

    /// Dropped by the executor.
    #[cold]
    #[inline(never)]
    fn dropped(mut self: Pin<&mut Self>) {
        let cancel = self.as_mut().project().cancel;
        let Some(group) = group(cancel.as_ref()) else { return };
        let failure = if group.is_cancelled() { None } else { Some(Failure::Lost) };
        self.end(Err(failure));
    }
}

/// The group that a child is in, unless it has left.
#[inline]
fn group<E>(cancel: Pin<&Option<Wait<Seat<E>, Cancel>>>) -> Option<&Group<E>> {
    cancel.get_ref().as_ref().and_then(Wait::handle).map(|seat| &**seat)
}

/// How a child has ended.
struct End<E> {
    who: Who,
    outcome: Result<(), Option<Failure<E>>>,
    dropped: Result<(), Payload>,
}

impl<E> End<E> {
    fn note(self, group: &Group<E>) {
        let Self { who, outcome, dropped } = self;
        match (outcome, dropped) {
            (Err(Some(failure)), _) => group.fail(who, failure),
            (Err(None), Ok(())) => group.note_unfinished(who),
            (Err(None), Err(payload)) => {
                group.note_unfinished(who.clone());
                group.fail(who, Failure::Panicked(Panic::new(payload)));
            }
            (Ok(()), Err(payload)) => group.fail(who, Failure::Panicked(Panic::new(payload))),
            (Ok(()), Ok(())) => {}
        }
    }
}

impl<F: Future<Output = Result<(), E>>, E> Future for Member<F, E> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.as_mut().project();
        let Some(group) = group(this.cancel.as_ref()) else { return Poll::Ready(()) };
        if !group.is_cancelled() {
            let may_run = match this.extra {
                Some(extra) => extra.poll_turn(cx).is_ready(),
                None => true,
            };
            let Some(future) = this.future.as_pin_mut() else { return Poll::Ready(()) };
            if may_run {
                match catch(|| future.poll(cx)) {
                    Ok(Poll::Pending) => {}
                    Ok(Poll::Ready(Ok(()))) => {
                        self.succeed();
                        return Poll::Ready(());
                    }
                    Ok(Poll::Ready(Err(error))) => {
                        self.end(Err(Some(Failure::Failed(error))));
                        return Poll::Ready(());
                    }
                    Err(payload) => {
                        self.end(Err(Some(Failure::Panicked(Panic::new(payload)))));
                        return Poll::Ready(());
                    }
                }
            }
        }
        let Some(cancel) = self.as_mut().project().cancel.as_pin_mut() else {
            return Poll::Ready(());
        };
        let Poll::Ready(cancelled) = cancel.poll_turn(cx) else { return Poll::Pending };
        if let Some(cancelled) = cancelled {
            // The seat is out of the line, and left when its future is gone.
            let seat = cancelled.into_handle();
            self.as_mut().drop_future(Err(None)).note(&seat);
            self.project().cancel.set(None);
        }
        Poll::Ready(())
    }
}

impl<F, E> fmt::Debug for Member<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("number", &self.number).finish_non_exhaustive()
    }
}
