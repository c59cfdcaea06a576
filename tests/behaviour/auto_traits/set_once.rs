use std::marker::PhantomPinned;

use selvedge::sync::{SetOnce, SetOnceError, SetOnceWait};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        SetOnce<NN>: 0 0 1; SetOnce<YN>: 1 0 1; SetOnce<YY>: 1 1 1; SetOnce<NY>: 0 0 1;
        SetOnce<PhantomPinned>: 1 1 0;
        SetOnceWait<'static, YN>: 0 0 0; SetOnceWait<'static, YY>: 1 1 0;
        SetOnceError<YY>: 1 1 1;
    }
    unwinds::<SetOnce<u8>>();
    is_error::<SetOnceError<u8>>();
}

#[test]
fn sizes() {
    at_most! { SetOnce<()>: 4; SetOnce<usize>: 5; SetOnceWait<'static, u8>: 10; }
}
