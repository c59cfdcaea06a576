//! A place that fails is left alone for a while.

use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

use selvedge_context::decorate::{Breaker, BreakerState, CallError, op};

static BREAKER: Breaker = Breaker::new(4).failure_rate(75).wait(Duration::from_millis(20));
static DOWN: AtomicBool = AtomicBool::new(true);

async fn ask(name: &str) -> Result<usize, CallError<&'static str>> {
    if DOWN.load(Relaxed) { Err(CallError::Inner("no answer")) } else { Ok(name.len()) }
}

fn main() {
    let ask = op(ask).breaker(&BREAKER);
    pollster::block_on(async {
        for _ in 0..6 {
            println!("{}", ask.call("weft").await.unwrap_err());
        }
        assert_eq!(BREAKER.state(), BreakerState::Open);
        DOWN.store(false, Relaxed);
        selvedge_timer::sleep(Duration::from_millis(20)).await;
        assert_eq!(ask.call("weft").await, Ok(4));
    });
    println!("{:?}", BREAKER.state());
    assert_eq!(BREAKER.state(), BreakerState::Closed);
}
