use std::future::{Pending, Ready};

use selvedge::{
    Embedded,
    context::{InGroup, Member, Spawner, TaskGroup},
};

use super::*;

type Body<T> = Ready<Result<T, T>>;

#[test]
fn traits() {
    send_sync_unpin! {
        TaskGroup<Embedded, YY>: 1 1 1; TaskGroup<Embedded, YN>: 1 1 1;
        TaskGroup<Embedded, NN>: 0 0 1; TaskGroup<NN, YY>: 0 0 1;
        Spawner<Embedded, YY>: 1 1 1; Spawner<Embedded, NN>: 0 0 1; Spawner<YN, YY>: 1 0 1;
        Member<Pending<YY>, YY>: 1 1 0; Member<Ready<NN>, YY>: 0 0 0; Member<Ready<YY>, NN>: 0 0 0;
        InGroup<Body<YY>, YY>: 1 1 1; InGroup<Body<NN>, NN>: 0 0 1;
    }
}

#[test]
fn sizes() {
    at_most! {
        TaskGroup<Embedded, u8>: 5; Spawner<Embedded, u8>: 1;
        Member<Ready<Result<(), u8>>, u8>: 14;
    }
}
