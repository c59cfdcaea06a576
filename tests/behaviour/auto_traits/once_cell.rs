use std::{
    future::{Ready, ready},
    marker::PhantomPinned,
};

use selvedge::sync::{GetOrInit, GetOrTryInit, OnceCell, OnceCellWait, SetError};

use super::*;

type Init<T, S = ()> = GetOrInit<'static, T, fn() -> Ready<S>, Ready<S>>;
type TryInit<T, S = ()> = GetOrTryInit<'static, T, fn() -> Ready<S>, Ready<S>>;

#[test]
fn traits() {
    send_sync_unpin! {
        OnceCell<NN>: 0 0 1; OnceCell<YN>: 1 0 1; OnceCell<YY>: 1 1 1; OnceCell<NY>: 0 0 1;
        OnceCell<PhantomPinned>: 1 1 0;
        Init<NN>: 0 0 0; Init<YN>: 0 0 0; Init<YY>: 1 1 0; Init<YY, NN>: 0 0 0;
        TryInit<YN>: 0 0 0; TryInit<YY>: 1 1 0; TryInit<YY, NN>: 0 0 0;
        OnceCellWait<'static, YN>: 0 0 0; OnceCellWait<'static, YY>: 1 1 0;
        SetError<YY>: 1 1 1;
    }
    unwinds::<OnceCell<u8>>();
    is_error::<SetError<u8>>();
    let _: fn() -> Ready<u8> = || ready(7);
}

#[test]
fn sizes() {
    at_most! {
        OnceCell<()>: 7; OnceCell<usize>: 8; OnceCellWait<'static, u8>: 10;
        Init<u8>: 13; TryInit<u8>: 13;
    }
}
