//! Every tenth answer is late; whoever hedges waits for none of them. On a clock that needs no time.

use std::{cell::Cell, time::Duration};

use selvedge_context::decorate::{Budget, CallError, Hedge, Verdict, hedge, op};
use selvedge_timer::{Timer, VirtualClock, sleep_on};

const MS: Duration = Duration::from_millis(1);

/// A fifth of the calls may be made twice, and five when it has been quiet.
static BUDGET: Budget = Budget::new(20, 5);

fn main() {
    let (clock, requests) = (VirtualClock::new(), Cell::new(0));
    let read = async |shelf: u32| {
        let slow = requests.replace(requests.get() + 1) % 10 == 0;
        sleep_on(&clock, if slow { 1000 * MS } else { MS }).await;
        Ok::<_, CallError<std::io::Error>>(shelf)
    };
    // The shelf 0 is not one to ask for twice.
    let policy = Hedge::after(10 * MS).budget(&BUDGET).when(|&(shelf,): &(u32,)| shelf != 0);
    let read = op(read).on(&clock).hedge(policy);
    let start = clock.now();
    pollster::block_on(clock.auto_advance(async {
        for shelf in 1..=30 {
            assert_eq!(read.call(shelf).await.expect("it does not fail"), shelf);
        }
    }));
    let took = clock.now() - start;
    // Where an error is an answer like any other, it may win as well.
    let policy = Hedge::after(10 * MS).wins(|_: &Result<(), &str>| Verdict::Done);
    let first = pollster::block_on(hedge(policy, || async { Err("no such shelf") }));
    assert_eq!(first, Err("no such shelf"));
    println!("30 answers of {} requests in {took:?}", requests.get());
    assert_eq!(requests.get(), 34, "four were late, and asked for again");
    assert_eq!(took, 30 * MS + 4 * 10 * MS);
}
