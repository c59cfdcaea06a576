use std::future::Ready;

use selvedge::sync::{Compute, OnceMap, TryCompute};

use super::*;

type Making<K, V> = Compute<'static, K, V, std::hash::RandomState, fn() -> Ready<V>, Ready<V>>;
type Trying<K, V> = TryCompute<'static, K, V, std::hash::RandomState, fn() -> Ready<V>, Ready<V>>;

#[test]
fn traits() {
    send_sync_unpin! {
        OnceMap<NN, YY>: 0 0 1; OnceMap<YN, YY>: 0 0 1; OnceMap<YY, YN>: 0 0 1;
        OnceMap<YY, NN>: 0 0 1; OnceMap<YY, YY>: 1 1 1;
        Making<YY, YY>: 1 1 0; Making<NN, YY>: 0 0 0; Making<YY, YN>: 0 0 0;
        Trying<YY, YY>: 1 1 0; Trying<NN, YY>: 0 0 0;
    }
    unwinds::<OnceMap<u8, u8>>();
}

#[test]
fn sizes() {
    at_most! { OnceMap<u8, u8>: 72; Making<u8, u8>: 16; }
}
