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

use super::group::{Cancel, Group};
use crate::{Failure, Panic, Who, raw::catch::catch};

pin_project! {
    /// A child of a [`TaskGroup`](crate::TaskGroup), on its way to an executor.
    ///
    /// It keeps the child's future in itself. The group allocates nothing for it, unless it has a
    /// name, or has to wait for its turn.
    #[must_use = "futures do nothing unless polled"]
    pub struct Member<F, E> {
        #[pin]
        future: Option<F>,
        #[pin]
        cancel: Wait<Arc<Group<E>>, Cancel>,
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
        group: Arc<Group<E>>,
        number: usize,
        name: Option<Cow<'static, str>>,
        future: F,
    ) -> Self {
        let extra = match (&name, &group.limit) {
            (None, None) => None,
            (_, limit) => Some(Box::new(Extra::new(name, limit.as_ref()))),
        };
        Self { future: Some(future), cancel: Wait::new(group, Cancel), number, extra }
    }

    /// Ends well.
    #[inline]
    fn succeed(mut self: Pin<&mut Self>) {
        let mut this = self.as_mut().project();
        match catch(|| this.future.set(None)) {
            Ok(()) => {
                // The next one's turn comes before the group may end.
                *this.extra = None;
                if let Some(group) = this.cancel.handle() {
                    group.leave();
                }
            }
            Err(payload) => self.end(Err(Some(Failure::Panicked(Panic::new(payload))))),
        }
    }

    /// Drops the future, then notes what has become of it: nothing, if it was dropped before its
    /// end.
    #[cold]
    #[inline(never)]
    fn end(self: Pin<&mut Self>, outcome: Result<(), Option<Failure<E>>>) {
        if let Some(group) = self.cancel.handle().cloned() {
            self.end_in(&group, outcome);
        }
    }

    #[cold]
    #[inline(never)]
    fn end_in(self: Pin<&mut Self>, group: &Group<E>, outcome: Result<(), Option<Failure<E>>>) {
        let mut this = self.project();
        let dropped = catch(|| this.future.set(None));
        let name = this.extra.take().and_then(|extra| extra.name);
        let who = Who::Child(*this.number, name);
        if let Err(None) = &outcome {
            group.note_unfinished(who.clone());
        }
        match (outcome, dropped) {
            (Err(Some(failure)), _) => group.fail(who, failure),
            (_, Err(payload)) => group.fail(who, Failure::Panicked(Panic::new(payload))),
            (_, Ok(())) => {}
        }
        group.leave();
    }

    /// Dropped by the executor.
    #[cold]
    #[inline(never)]
    fn dropped(self: Pin<&mut Self>) {
        let Some(group) = self.cancel.handle() else { return };
        let failure = if group.is_cancelled() { None } else { Some(Failure::Lost) };
        self.end(Err(failure));
    }
}

impl<F: Future<Output = Result<(), E>>, E> Future for Member<F, E> {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.as_mut().project();
        let Some(group) = this.cancel.handle() else { return Poll::Ready(()) };
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
        match self.as_mut().project().cancel.poll_turn(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(cancelled) => {
                if let Some(cancelled) = cancelled {
                    self.end_in(&cancelled.into_handle(), Err(None));
                }
                Poll::Ready(())
            }
        }
    }
}

impl<F, E> fmt::Debug for Member<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("number", &self.number).finish_non_exhaustive()
    }
}
