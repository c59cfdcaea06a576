//! Chains: composition, arguments, `Send`, sizes.

use std::{
    cell::Cell,
    pin::pin,
    rc::Rc,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    time::Duration,
};

use selvedge::{
    context::decorate::{Backoff, Call, CallError, RateLimit, Retry, SendCall, op, retry},
    sync::Semaphore,
    time::{Timer, VirtualClock, sleep_on},
};

use super::{Failed, MS};
use crate::harness::ready;

static LIMIT: Semaphore = Semaphore::new(4);
static RATE: RateLimit = RateLimit::new(1_000_000, Duration::from_secs(1)).burst(1000);

async fn length(text: &str) -> Result<usize, Failed> {
    Ok(text.len())
}

fn policy() -> Retry {
    Retry::new(Backoff::constant(Duration::ZERO))
}

/// Semantics 126: again and again, also from within.
#[test]
fn a_chain_is_called_again_and_again() {
    let chain = op(length).limit(&LIMIT).timeout(MS).rate_limit(&RATE).retry(policy());
    for text in ["", "warp", "weft and warp"] {
        assert_eq!(ready(pin!(chain.call(text))), Ok(text.len()));
    }
    let outer = op(async |text: &str| {
        let twice = chain.call(text).await? + chain.call(text).await?;
        Ok::<_, Failed>(twice)
    })
    .limit(&LIMIT);
    assert_eq!(ready(pin!(outer.call("warp"))), Ok(8));
}

#[test]
fn functions_of_no_to_four_arguments() {
    let sum = op(async || Ok::<_, Failed>(0)).timeout(MS);
    assert_eq!(ready(pin!(sum.call0())), Ok(0));
    let sum = op(async |a: u8, b: u8| Ok::<_, Failed>(a + b)).retry(policy());
    assert_eq!(ready(pin!(sum.call2(1, 2))), Ok(3));
    let sum = op(async |a: u8, b: u8, c: u8| Ok::<_, Failed>(a + b + c)).timeout(MS);
    assert_eq!(ready(pin!(sum.call3(1, 2, 3))), Ok(6));
    let sum = op(async |a: u8, b: u8, c: &u8, d: &mut u8| {
        *d += a + b + c;
        Ok::<_, Failed>(*d)
    })
    .timeout(MS);
    let mut total = 4;
    assert_eq!(ready(pin!(sum.call4(1, 2, &3, &mut total))), Ok(10));
    assert_eq!(total, 10);
}

/// Neither `Send` functions nor `Send` arguments are asked for.
#[test]
fn a_chain_may_stay_on_its_thread() {
    let count = Rc::new(Cell::new(0));
    let chain = op(async |add: Rc<u32>| {
        count.set(count.get() + *add);
        Ok::<_, Failed>(count.get())
    })
    .limit(&LIMIT)
    .timeout(MS)
    .retry(policy());
    assert_eq!(ready(pin!(chain.call(Rc::new(3)))), Ok(3));
}

/// What is generic over a chain can spawn it.
#[test]
fn a_chain_can_be_proved_to_be_send() {
    fn opaque() -> impl for<'a> SendCall<(&'a str,), Output = Result<usize, Failed>> + 'static {
        op(length).limit(&LIMIT).timeout(MS).rate_limit(&RATE).retry(policy()).errors_flattened()
    }
    fn spawns<C>(chain: C) -> usize
    where
        C: for<'a> SendCall<(&'a str,), Output = Result<usize, Failed>> + 'static,
    {
        let task = selvedge::spawn(async move {
            let text = String::from("warp");
            chain.send_call((&text,)).await.unwrap()
        });
        selvedge::block_on(task)
    }
    assert_eq!(spawns(opaque()), 4);
}

/// A method for the test alone: the identity, to see that wrappers of wrappers infer.
trait Flatten: Sized {
    fn errors_flattened(self) -> Self {
        self
    }
}
impl<T> Flatten for T {}

#[test]
fn a_function_without_an_error_type_for_it_gets_one() {
    let call = op(async |n: u8| if n > 0 { Ok(n) } else { Err("zero") }).errors().timeout(MS);
    assert_eq!(ready(pin!(call.call(1))), Ok(1));
    let error = ready(pin!(call.call(0))).unwrap_err();
    assert_eq!((error, error.into_inner()), (CallError::Inner("zero"), Some("zero")));
}

/// Any error that has the conversions will do, a boxed one for instance.
#[test]
fn a_boxed_error_speaks_every_decorators_language() {
    type Boxed = Box<dyn std::error::Error + Send + Sync>;
    let closed = Semaphore::new(1);
    closed.close();
    let call = op(async || Ok::<(), Boxed>(())).limit(&closed).timeout(MS).rate_limit(&RATE);
    let error = ready(pin!(call.call0())).unwrap_err();
    assert_eq!(error.to_string(), "no more calls are let in");
}

/// A decorated function as a plain `async fn` over statics.
#[test]
fn state_in_statics_makes_a_plain_function() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    async fn fetch(name: &str) -> Result<usize, Failed> {
        let attempt = async |name: &str| match CALLS.fetch_add(1, Relaxed) {
            0 => Err(CallError::Inner("flaky")),
            _ => Ok(name.len()),
        };
        op(attempt).limit(&LIMIT).retry(policy()).call(name).await
    }
    assert_eq!(ready(pin!(fetch("weft"))), Ok(4));
    assert_eq!(CALLS.load(Relaxed), 2);
    let direct = retry(policy(), || length("weft"));
    assert_eq!(ready(pin!(direct)), Ok(4));
}

/// On a virtual clock a chain that waits for seconds is over at once.
#[test]
fn a_chain_runs_on_virtual_time() {
    let clock = VirtualClock::new();
    let start = clock.now();
    let tries = Cell::new(0);
    let slow = op(async || {
        tries.set(tries.get() + 1);
        sleep_on(&clock, Duration::from_secs(if tries.get() < 3 { 60 } else { 1 })).await;
        Ok::<_, Failed>(tries.get())
    })
    .on(&clock)
    .timeout(Duration::from_secs(5))
    .retry(Retry::new(Backoff::constant(Duration::from_secs(10))));
    assert_eq!(pollster::block_on(clock.auto_advance(slow.call0())), Ok(3));
    assert_eq!(clock.now() - start, Duration::from_secs(5 + 10 + 5 + 10 + 1));
}

#[test]
fn an_op_is_callable_itself() {
    let inner = op(length).timeout(MS);
    let outer = op(inner).limit(&LIMIT);
    assert_eq!(ready(pin!(outer.call("weft"))), Ok(4));
    assert_eq!(ready(pin!(Call::call(&outer, ("weft",)))), Ok(4));
}
