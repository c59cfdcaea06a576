//! How large the futures of chains are: flat, whatever stands in them.

use std::{future::Future, pin::pin, time::Duration};

use selvedge::{
    context::decorate::{
        Backoff, Breaker, Deadline, KeyedRateLimit, RateLimit, Retry, Throttle, op,
    },
    sync::Semaphore,
    time::VirtualClock,
};

use super::{Failed, MS, Turned};
use crate::harness::{allocations, ready};

static ROOM: Semaphore = Semaphore::new(4);
static RATE: RateLimit = RateLimit::new(1_000_000, Duration::from_secs(1)).burst(1000);
static RATES: KeyedRateLimit<u8> =
    KeyedRateLimit::new(RateLimit::new(1_000_000, Duration::from_secs(1)).burst(1000));
static BREAKER: Breaker = Breaker::new(10).slow_rate(99, Duration::from_secs(9));
static EDGE: Throttle = Throttle::new(Duration::ZERO);

async fn length(text: &str) -> Result<usize, Failed> {
    Ok(text.len())
}

/// As large as a function that does something: with a buffer on its stack.
async fn work(text: &str) -> Result<usize, Failed> {
    let buffer = [1_u8; 512];
    std::future::ready(()).await;
    Ok(text.len() + usize::from(buffer[text.len() % 512]))
}

fn policy() -> Retry {
    Retry::new(Backoff::constant(Duration::ZERO))
}

fn size<F: Future>(_: F) -> usize {
    size_of::<F>()
}

/// A five-deep chain's future is at most 1.3 times the sum of its parts, whatever is in the middle.
#[test]
fn a_chain_is_hardly_larger_than_its_parts() {
    let time = Turned::new();
    macro_rules! measure {
        ($f:ident) => {{
            let inner = size(op($f).call("warp"));
            let part = |whole: usize| whole - inner;
            let plain = || op($f).with_time(time.clone());
            let limit = part(size(plain().limit(&ROOM).call("warp")));
            let timeout = part(size(plain().timeout(MS).call("warp")));
            let rate = part(size(plain().rate_limit(&RATE).call("warp")));
            let breaker = part(size(plain().breaker(&BREAKER).call("warp")));
            let retry = part(size(plain().retry(policy()).call("warp")));
            let chain = plain()
                .limit(&ROOM)
                .timeout(MS)
                .rate_limit(&RATE)
                .breaker(&BREAKER)
                .retry(policy());
            let whole = size(chain.call("warp"));
            let parts = inner + limit + timeout + rate + breaker + retry;
            println!("{whole} bytes, of parts of {parts}: {inner} + {limit} + {timeout} + {rate} + {breaker} + {retry}");
            assert!(whole * 10 <= parts * 13, "{whole} bytes, of parts of {parts}");
        }};
    }
    measure!(length);
    measure!(work);
}

/// Ten decorators deep, and still the sum of them.
#[test]
fn depth_costs_nothing_of_its_own() {
    let time = Turned::new();
    let inner = size(op(work).call("warp"));
    let one = size(op(work).with_time(time.clone()).timeout(MS).call("warp")) - inner;
    let five = op(work).with_time(time.clone()).timeout(MS).timeout(MS).timeout(MS);
    let ten = five.timeout(MS).timeout(MS).timeout(MS).timeout(MS).timeout(MS).timeout(MS);
    let whole = size(ten.timeout(MS).call("warp"));
    assert!(whole * 10 <= (inner + 10 * one) * 11, "{whole} bytes, of {inner} + 10 * {one}");
}

/// No decorator allocates when nothing is in its way, nor when time has to be read.
#[test]
fn an_undisturbed_call_allocates_nothing() {
    let clock = VirtualClock::new();
    macro_rules! free {
        ($($call:expr => $output:expr;)*) => {$({
            let call = $call;
            // The first call may make what all calls share: a key's entry, a moment to count from.
            assert_eq!(ready(pin!(call.call("warp"))), $output);
            let count = allocations(|| assert_eq!(ready(pin!(call.call("warp"))), $output));
            assert_eq!(count, 0, "{}", stringify!($call));
        })*};
    }
    let deadline = Deadline::after_on(clock.clone(), MS);
    free! {
        op(length).on(&clock).timeout(MS) => Ok::<usize, _>(4);
        op(length).limit(&ROOM) => Ok::<usize, _>(4);
        op(length).on(&clock).limit_within(&ROOM, MS) => Ok::<usize, _>(4);
        op(length).shed(&ROOM) => Ok::<usize, _>(4);
        op(length).on(&clock).rate_limit(&RATE) => Ok::<usize, _>(4);
        op(length).on(&clock).rate_limit_by(&RATES, |_: &(&str,)| 1) => Ok::<usize, _>(4);
        op(length).on(&clock).breaker(&BREAKER) => Ok::<usize, _>(4);
        op(length).on(&clock).retry(policy()) => Ok::<usize, _>(4);
        op(length).on(&clock).throttle(&EDGE) => Ok::<usize, _>(4);
        op(length).on(&clock).instrument(|_| ()) => Ok::<usize, _>(4);
        op(length).on(&clock).traced(tracing::Span::none) => Ok::<usize, _>(4);
        op(length).deadline(|_: &(&str,)| deadline.clone()) => Ok::<usize, _>(4);
        op(length).fallback(async |_: Failed, _: (&str,)| Ok::<_, Failed>(0)) => Ok::<usize, _>(4);
        op(length).limit(&ROOM).timeout(MS).rate_limit(&RATE).breaker(&BREAKER).retry(policy())
            => Ok::<usize, _>(4);
    }
}
