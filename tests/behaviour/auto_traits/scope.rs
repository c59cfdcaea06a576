use std::future::Ready;

use selvedge::context::{
    Failure, GroupError, InScope, LocalScope, NotStarted, Scope, Start, Started, Who, ZeroLimit,
};

use super::*;

type Body<T> = Ready<Result<T, T>>;
type Local<T> = InScope<'static, T, Body<T>, selvedge::context::OneThread>;

#[test]
fn traits() {
    send_sync_unpin! {
        Scope<'static, YY>: 1 1 1; Scope<'static, YN>: 1 1 1; Scope<'static, NN>: 1 1 1;
        LocalScope<'static, YY>: 0 0 1;
        InScope<'static, YY, Body<YY>>: 1 0 0; InScope<'static, NN, Body<NN>>: 0 0 0;
        Local<YY>: 0 0 0;
        Start<YY>: 1 1 1; Start<NN>: 0 0 1; Started<YY>: 1 1 1; Started<NN>: 0 0 1;
        GroupError<YY>: 1 1 1; GroupError<NN>: 0 0 1; Failure<YY>: 1 1 1; Who: 1 1 1;
    }
    is_error::<NotStarted>();
    is_error::<ZeroLimit>();
}

#[test]
fn sizes() {
    at_most! { Scope<'static, u8>: 1; Started<u8>: 1; Start<u8>: 1; Who: 4; }
}
