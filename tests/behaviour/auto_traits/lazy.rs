use selvedge::sync::{Force, Lazy};

use super::*;

type Init<T> = fn() -> selvedge::sync::LazyFuture<T>;

#[test]
fn traits() {
    send_sync_unpin! {
        Lazy<NN>: 0 0 1; Lazy<YN>: 1 0 1; Lazy<YY>: 1 1 1; Lazy<NY>: 0 0 1;
        Force<'static, YN, Init<YN>>: 0 0 0; Force<'static, YY, Init<YY>>: 1 1 0;
    }
    unwinds::<Lazy<u8>>();
}

#[test]
fn sizes() {
    at_most! { Lazy<()>: 10; Force<'static, u8, Init<u8>>: 13; }
}
