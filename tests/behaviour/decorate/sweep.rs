//! The six shapes over the future of every decorator.
//!
//! Where a decorator lets its function wait, the function waits for a permit. Where it waits itself, it
//! waits for a clock, which lets everybody through at once.

use std::{
    future::{Future, pending, ready},
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};

use selvedge::{
    context::decorate::{
        Backoff, Breaker, Deadline, Debounce, KeyedRateLimit, RateLimit, Retry, Throttle, buffer,
        op,
    },
    sync::Semaphore,
    time::{Timer, VirtualClock, sleep_on},
};

use super::Failed;
use crate::{
    harness::poll,
    sleep::seasoned,
    sweep::{Doors, Report, Swept, Waiting},
};

const SECOND: Duration = Duration::from_secs(1);

/// A decorator whose function waits for a permit.
fn lets_wait(name: &'static str, wait: fn(&Arc<Semaphore>) -> Waiting) -> Swept<Semaphore> {
    Swept {
        name,
        make: || Semaphore::new(0),
        wait,
        free: |semaphore| semaphore.add_permits(1),
        waiting: Semaphore::waiters,
        is_free: |semaphore| semaphore.available_permits() == 1 && semaphore.waiters() == 0,
        close: Some(Semaphore::close),
    }
}

/// A decorator that waits for time.
fn waits(name: &'static str, wait: fn(&Arc<VirtualClock>) -> Waiting) -> Swept<VirtualClock> {
    Swept {
        name,
        make: seasoned,
        wait,
        free: |clock| clock.advance(SECOND),
        waiting: VirtualClock::waiting,
        is_free: |clock| clock.waiting() == 0,
        close: None,
    }
}

/// A call that waits for a permit, decorated.
macro_rules! decorated {
    ($semaphore:ident, $op:ident => $decorated:expr) => {{
        let semaphore = $semaphore.clone();
        Box::pin(async move {
            let $op = op(async |semaphore: &Semaphore| match semaphore.acquire().await {
                Ok(_) => Ok::<_, Failed>(()),
                Err(_) => Err(Failed::Inner("closed")),
            });
            $decorated.call(&*semaphore).await.is_ok()
        })
    }};
}

const ONCE: Retry = Retry::new(Backoff::constant(SECOND).attempts(1));
const TWICE: Retry = Retry::new(Backoff::constant(SECOND).attempts(2));

/// One slot is taken; nobody waits for a second.
struct Limited {
    clock: VirtualClock,
    limit: RateLimit,
    limits: KeyedRateLimit<u64>,
}

fn limited() -> Limited {
    let clock = seasoned();
    let now = clock.now();
    let [limit, each] = [(); 2].map(|()| RateLimit::new(10_000, SECOND));
    let limits = KeyedRateLimit::new(each);
    // The wheel has room for the slots that are waited for.
    for slot in 1..5 {
        assert!(poll(pin!(sleep_on(&clock, slot * SECOND / 10_000))).is_pending());
    }
    limit.try_take(now, 1).unwrap();
    limits.try_take(7, now, 1).unwrap();
    Limited { clock, limit, limits }
}

fn paced(name: &'static str, wait: fn(&Arc<Limited>) -> Waiting) -> Swept<Limited> {
    Swept {
        name,
        make: limited,
        wait,
        free: |limited| limited.clock.advance(SECOND),
        waiting: |limited| limited.clock.waiting(),
        is_free: |limited| limited.clock.waiting() == 0,
        close: None,
    }
}

pub(crate) fn sweep(report: Report<'_>) {
    lets_wait("decorate::errors", |semaphore| decorated!(semaphore, op => op.errors()))
        .sweep(report);
    lets_wait("decorate::limit", |semaphore| {
        let semaphore = semaphore.clone();
        Box::pin(async move {
            op(async || Ok::<_, Failed>(())).limit(&*semaphore).call0().await.is_ok()
        })
    })
    .sweep(report);
    lets_wait(
        "decorate::shed",
        |semaphore| decorated!(semaphore, op => op.shed(Arc::new(Semaphore::new(1)))),
    )
    .sweep(report);
    lets_wait(
        "decorate::breaker",
        |semaphore| decorated!(semaphore, op => op.breaker(Arc::new(Breaker::new(9)))),
    )
    .sweep(report);
    lets_wait("decorate::fallback", |semaphore| {
        async fn fails(_: Arc<Semaphore>) -> Result<(), u8> {
            Err(1)
        }
        async fn waits(_: u8, (semaphore,): (Arc<Semaphore>,)) -> Result<(), u8> {
            semaphore.acquire().await.map(drop).map_err(|_| 2)
        }
        let semaphore = semaphore.clone();
        Box::pin(async move { op(fails).fallback(waits).call(semaphore).await.is_ok() })
    })
    .sweep(report);
    lets_wait("decorate::catch_unwind", |semaphore| {
        let semaphore = semaphore.clone();
        Box::pin(async move {
            let call = op(async |semaphore: &Semaphore| semaphore.acquire().await.is_ok());
            call.catch_unwind().call(&*semaphore).await.unwrap()
        })
    })
    .sweep(report);
    lets_wait(
        "decorate::instrument",
        |semaphore| decorated!(semaphore, op => op.instrument(|_| ())),
    )
    .sweep(report);
    lets_wait(
        "decorate::traced",
        |semaphore| decorated!(semaphore, op => op.traced(tracing::Span::none)),
    )
    .sweep(report);
    lets_wait(
        "decorate::rate_limit, begun",
        |semaphore| decorated!(semaphore, op => op.rate_limit(Arc::new(RateLimit::new(1, SECOND)))),
    )
    .sweep(report);
    lets_wait(
        "decorate::retry, in a call",
        |semaphore| decorated!(semaphore, op => op.retry(ONCE)),
    )
    .sweep(report);
    lets_wait(
        "decorate::throttle, begun",
        |semaphore| decorated!(semaphore, op => op.throttle(Arc::new(Throttle::new(SECOND)))),
    )
    .sweep(report);

    waits("decorate::timeout", |clock| {
        let clock = VirtualClock::clone(clock);
        Box::pin(async move {
            let never = op(async || pending::<Result<(), Failed>>().await).on(clock);
            never.timeout(SECOND).call0().await.is_err()
        })
    })
    .sweep_alone(report);
    waits("decorate::deadline", |clock| {
        let deadline = Deadline::after_on(VirtualClock::clone(clock), SECOND);
        Box::pin(async move {
            let never = op(async |_: ()| pending::<Result<(), Failed>>().await);
            never.deadline(|_: &((),)| deadline.clone()).call(()).await.is_err()
        })
    })
    .sweep_twice_woken(report);
    waits("decorate::retry, in a sleep", |clock| {
        let clock = VirtualClock::clone(clock);
        Box::pin(async move {
            let fails = op(async || ready(Err::<(), ()>(())).await).on(clock);
            fails.retry(TWICE).call0().await.is_err()
        })
    })
    .sweep_alone(report);
    paced("decorate::rate_limit", |limited| {
        let limited = limited.clone();
        Box::pin(async move {
            let call = op(async || true).on(&limited.clock);
            call.rate_limit(&limited.limit).call0().await
        })
    })
    .sweep_alone(report);
    paced("decorate::rate_limit_by", |limited| {
        let limited = limited.clone();
        Box::pin(async move {
            let call = op(async || true).on(&limited.clock);
            call.rate_limit_by(&limited.limits, |_: &()| 7).call0().await
        })
    })
    .sweep_alone(report);

    // One waits at most, so each is in front of its own.
    Swept {
        name: "decorate::throttle",
        make: || Doors::new(|clock: &mut VirtualClock| clock.advance(SECOND)),
        wait: |doors| {
            let clock = VirtualClock::new();
            let throttle = Throttle::new(SECOND).leading(false);
            doors.wait(clock.clone(), async move {
                let call = op(async || Ok::<_, Failed>(())).on(clock);
                call.throttle(&throttle).call0().await.is_ok()
            })
        },
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    }
    .sweep_twice_woken(report);
    Swept {
        name: "decorate::debounce",
        make: || Doors::new(|clock: &mut VirtualClock| clock.advance(SECOND)),
        wait: |doors| {
            let clock = VirtualClock::new();
            let debounce = Debounce::new(SECOND);
            doors.wait(clock.clone(), async move {
                let call = op(async || Ok::<_, Failed>(())).on(clock);
                call.debounce(&debounce).call0().await.is_ok()
            })
        },
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    }
    .sweep_twice_woken(report);
    Swept {
        name: "decorate::buffer",
        make: || Doors::new(|driver: &mut Driving| assert!(poll(driver.as_mut()).is_pending())),
        wait: |doors| {
            let (handle, driver) = buffer(op(async |()| Ok::<_, Failed>(())), 1, 1);
            let kept = handle.clone();
            let driver: Driving = Box::pin(async move {
                let _kept = kept;
                driver.await;
            });
            doors.wait(driver, async move { handle.call(((),)).await.is_ok() })
        },
        free: Doors::free,
        waiting: Doors::waiting,
        is_free: Doors::is_free,
        close: None,
    }
    // A door that was opened before anybody came is not opened again.
    .sweep_alone(report);
}

type Driving = Pin<Box<dyn Future<Output = ()> + Send>>;
