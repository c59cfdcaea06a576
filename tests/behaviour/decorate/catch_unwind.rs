//! A panic as an error.

use std::pin::pin;

use selvedge::context::decorate::op;

use crate::harness::{panics, ready};

#[test]
fn a_panic_becomes_an_error() {
    let call = op(async |text: &'static str| match text {
        "" => 0,
        text => panic!("{text}"),
    })
    .catch_unwind();
    assert_eq!(ready(pin!(call.call(""))).unwrap(), 0);
    let mut payload = None;
    assert!(!panics(|| payload = ready(pin!(call.call("on purpose"))).err()));
    assert_eq!(payload.unwrap().downcast_ref::<String>().unwrap(), "on purpose");
}
