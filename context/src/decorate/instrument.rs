//! Telling how calls go.

use core::{future::Future, time::Duration};
use std::{thread, time::Instant};

use super::{Call, SendCall, Time, decorate, opaque};

/// See [`Op::instrument`](super::Op::instrument).
#[derive(Clone, Copy)]
pub struct Instrument<C, H, T> {
    pub(super) inner: C,
    pub(super) hook: H,
    pub(super) time: T,
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// It begins.
    Start,
    /// It ended well, after so long.
    Done(Duration),
    /// It ended with an error, after so long.
    Failed(Duration),
    /// It panicked, after so long.
    Panicked(Duration),
    /// It was dropped before its end, after so long.
    Cancelled(Duration),
}

/// Who is told: any `Fn(Event)`.
pub trait Hook {
    /// Takes note.
    fn tell(&self, event: Event);
}

impl<F: Fn(Event)> Hook for F {
    #[inline]
    fn tell(&self, event: Event) {
        self(event);
    }
}

/// Tells of the end, whichever way it comes.
struct Ending<'a, H: Hook, T: Time> {
    hook: &'a H,
    time: &'a T,
    start: Instant,
    end: fn(Duration) -> Event,
}

impl<H: Hook, T: Time> Drop for Ending<'_, H, T> {
    fn drop(&mut self) {
        let took = self.time.now().saturating_duration_since(self.start);
        let end = if thread::panicking() { Event::Panicked } else { self.end };
        self.hook.tell(end(took));
    }
}

decorate! {
    [R, E, H, T] Instrument<C, H, T>;
    call: [C: Call<Args, Output = Result<R, E>>, H: Hook, T: Time];
    send_call: [
        C: SendCall<Args, Output = Result<R, E>>,
        Args: Send,
        R: Send,
        E: Send,
        H: Hook + Send + Sync,
        T: Time + Send + Sync,
    ];
    |me, args, inner| -> Result<R, E> {
        let call = inner(args);
        async move {
            let (hook, time) = (&me.hook, &me.time);
            hook.tell(Event::Start);
            let mut ending = Ending { hook, time, start: time.now(), end: Event::Cancelled };
            let output = call.await;
            ending.end = if output.is_ok() { Event::Done } else { Event::Failed };
            output
        }
    }
}

opaque! { Instrument<C, H, T> }
