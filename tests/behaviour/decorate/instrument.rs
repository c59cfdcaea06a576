//! Telling how calls go.

use std::{cell::RefCell, future::pending, pin::pin};

use selvedge::context::decorate::{Event, op};

use super::{MS, Turned};
use crate::harness::{panics, poll, ready};

#[test]
fn the_hook_is_told_of_every_way_to_end() {
    let time = Turned::new();
    let seen = RefCell::new(Vec::new());
    let hook = |event| seen.borrow_mut().push(event);
    let turned = time.clone();
    let call = op(async |what: &str| {
        turned.turn(2 * MS);
        match what {
            "well" => Ok(()),
            "badly" => Err(()),
            "never" => pending().await,
            _ => panic!("on purpose"),
        }
    })
    .with_time(time)
    .instrument(hook);
    assert_eq!(ready(pin!(call.call("well"))), Ok(()));
    assert_eq!(ready(pin!(call.call("badly"))), Err(()));
    let mut cancelled = Box::pin(call.call("never"));
    assert!(poll(cancelled.as_mut()).is_pending());
    drop(cancelled);
    assert!(panics(|| assert_eq!(ready(pin!(call.call("else"))), Ok(()))));
    let took = 2 * MS;
    let ends =
        [Event::Done(took), Event::Failed(took), Event::Cancelled(took), Event::Panicked(took)];
    assert_eq!(seen.into_inner(), ends.map(|end| [Event::Start, end]).concat());
}
