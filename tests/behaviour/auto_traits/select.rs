use selvedge::channel::{
    mpmc::Recv,
    select::{Alike, Arms2, Next, Of2, Select},
};

use super::*;

type One<T> = Recv<'static, T>;

#[test]
fn traits() {
    send_sync_unpin! {
        Select: 1 1 1;
        Next<'static, (One<YN>, One<YN>)>: 1 1 0; Next<'static, (One<YN>, One<NN>)>: 0 0 0;
        Next<'static, Vec<One<YN>>>: 1 1 1; Next<'static, Vec<One<NN>>>: 0 0 1;
        Arms2<One<YN>, One<YN>>: 1 1 0; Alike<One<YN>>: 1 1 1;
        Of2<YY, YY>: 1 1 1; Of2<YY, YN>: 1 0 1; Of2<NN, YY>: 0 0 1;
    }
    unwinds::<Select>();
}

#[test]
fn sizes() {
    at_most! { Select: 1; Next<'static, (One<u8>, One<u8>)>: 30; Of2<u8, u8>: 1; }
}
