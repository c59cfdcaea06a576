//! Asking somebody else.

use std::pin::pin;

use selvedge::context::decorate::op;

use crate::harness::ready;

#[test]
fn the_other_is_asked_with_the_error_and_the_arguments() {
    let first = async |n: u32| if n < 3 { Ok(n) } else { Err("too many") };
    let other = async |error: &'static str, (n,): (u32,)| {
        if n < 9 { Ok(n * 100) } else { Err(error.len()) }
    };
    let call = op(first).fallback(other);
    assert_eq!(ready(pin!(call.call(2))), Ok(2));
    assert_eq!(ready(pin!(call.call(3))), Ok(300));
    assert_eq!(ready(pin!(call.call(9))), Err(8));
}
