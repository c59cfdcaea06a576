use std::future::{Pending, Ready};

use selvedge::{
    context::decorate::{
        Ambient, AtEdge, Attempt, Breaker, BreakerPermit, Breaking, Budget, Buffer, BufferClosed,
        Buffering, CallError, CatchUnwind, Debounce, Driver, Elapsed, Event, IfErr, Instrumented,
        KeyLimit, KeyedRateLimit, Limited, LimitedWithin, NoBudget, NoHook, Open, Pacing,
        RateLimit, RateLimited, Refused, Reservation, Retry, Retrying, Shedding, Skipped, Throttle,
        Traced, Until, Within, op, retry,
    },
    time::VirtualClock,
};

use super::*;

/// Holds what must stay on its thread.
type Local = Ready<NN>;
type Plain = Ready<YY>;
/// May be sent, but not shared.
type Moved = Ready<YN>;

/// `retry`'s future, whose maker has no name but by its function.
type Again<F> = Retrying<Retry, selvedge::context::decorate::Alike<fn() -> F>, F, Ambient>;

#[test]
fn states() {
    send_sync_unpin! {
        RateLimit: 1 1 1; Breaker: 1 1 1; Budget: 1 1 1; Throttle: 1 1 1; Debounce: 1 1 1;
        KeyedRateLimit<YY>: 1 1 1; KeyedRateLimit<YN>: 0 0 1; KeyedRateLimit<NN>: 0 0 1;
        Buffer<YY, YY>: 1 1 1; Buffer<YN, YN>: 1 1 1; Buffer<NN, YY>: 0 0 1;
        Buffer<YY, NN>: 0 0 1;
        Retry: 1 1 1; Retry<NN, NoBudget, NoHook>: 0 0 1; Ambient: 1 1 1; IfErr: 1 1 1;
        Reservation<&'static RateLimit>: 1 1 1; Reservation<KeyLimit<'static, YY>>: 1 1 1;
        Reservation<KeyLimit<'static, NN>>: 0 0 1;
        BreakerPermit<'static>: 1 1 1; Attempt: 1 1 1; Event: 1 1 1;
    }
    unwinds::<RateLimit>();
    unwinds::<Breaker>();
    unwinds::<Budget>();
    unwinds::<KeyedRateLimit<u8>>();
}

#[test]
fn futures() {
    send_sync_unpin! {
        Within<Plain, Ambient>: 1 1 1; Within<Local, Ambient>: 0 0 1; Within<Moved, Ambient>: 1 0 1;
        Until<Plain, VirtualClock>: 1 1 1; Until<Local, VirtualClock>: 0 0 1;
        Limited<'static, Plain>: 1 1 0; Limited<'static, Local>: 0 0 0;
        LimitedWithin<'static, Plain, Ambient>: 1 1 0;
        LimitedWithin<'static, Local, Ambient>: 0 0 0;
        Shedding<'static, Plain>: 1 1 1; Shedding<'static, Local>: 0 0 1;
        Pacing<&'static RateLimit, Plain, Ambient>: 1 1 1;
        Pacing<&'static RateLimit, Local, Ambient>: 0 0 1;
        Pacing<KeyLimit<'static, YY>, Plain, Ambient>: 1 1 1;
        Pacing<KeyLimit<'static, NN>, Plain, Ambient>: 0 0 1;
        Breaking<'static, Plain, IfErr, Ambient>: 1 1 1;
        Breaking<'static, Local, IfErr, Ambient>: 0 0 1;
        Breaking<'static, Plain, YN, Ambient>: 0 0 1;
        Again<Plain>: 1 1 1; Again<Local>: 0 0 1; Again<Moved>: 1 0 1;
        AtEdge<'static, Throttle, Plain, Ambient>: 1 1 1;
        AtEdge<'static, Debounce, Local, Ambient>: 0 0 1;
        Buffering<'static, YY, YY>: 1 1 0; Buffering<'static, YN, YY>: 1 0 0;
        Buffering<'static, NN, YY>: 0 0 0; Buffering<'static, YY, NN>: 0 0 0;
        Driver<Pending<()>>: 1 1 1; Driver<Local>: 0 0 1;
        Instrumented<'static, Plain, fn(Event), Ambient>: 1 1 1;
        Instrumented<'static, Local, fn(Event), Ambient>: 0 0 1;
        Traced<Plain, Ambient>: 1 1 1; Traced<Local, Ambient>: 0 0 1;
        CatchUnwind<Plain>: 1 1 1; CatchUnwind<Local>: 0 0 1;
    }
}

#[test]
fn errors() {
    is_error::<Elapsed>();
    is_error::<Refused>();
    is_error::<RateLimited>();
    is_error::<Open>();
    is_error::<Skipped>();
    is_error::<BufferClosed>();
    is_error::<CallError<std::fmt::Error>>();
}

#[test]
fn sizes() {
    at_most! {
        RateLimit: 3; Breaker: 23; Budget: 3; Throttle: 10; Debounce: 11;
        KeyedRateLimit<u8>: 80; Buffer<u8, u8>: 1; Reservation<&'static RateLimit>: 5;
        BreakerPermit<'static>: 4;
        Within<Plain, Ambient>: 11; Limited<'static, Plain>: 17;
        LimitedWithin<'static, Plain, Ambient>: 27; Shedding<'static, Plain>: 5;
        Pacing<&'static RateLimit, Plain, Ambient>: 13; Again<Plain>: 23;
        Breaking<'static, Plain, IfErr, Ambient>: 7;
        AtEdge<'static, Throttle, Plain, Ambient>: 11; Buffering<'static, u8, u8>: 15;
    }
}

/// What is opaque in a chain is known to be `Send` all the same.
#[test]
fn chains() {
    fn is_send<T: Send>(_: &T) {}
    let call = op(async |n: &u8| Ok::<_, CallError<()>>(*n)).timeout(std::time::Duration::MAX);
    is_send(&call.call(&1));
    is_send(&retry(
        Retry::new(selvedge::context::decorate::Backoff::constant(std::time::Duration::ZERO)),
        || std::future::ready(Ok::<u8, u8>(1)),
    ));
}
