use std::future::Ready;

use selvedge::sync::{CallOnce, Once, OnceWait};

use super::*;

type Call<S> = CallOnce<'static, fn() -> Ready<S>, Ready<S>>;

#[test]
fn traits() {
    send_sync_unpin! {
        Once: 1 1 1; OnceWait<'static>: 1 1 0; Call<YY>: 1 1 0; Call<NN>: 0 0 0;
    }
    unwinds::<Once>();
}

#[test]
fn sizes() {
    at_most! { Once: 7; OnceWait<'static>: 10; Call<()>: 13; }
}
