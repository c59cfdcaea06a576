use std::{future::Ready, hash::RandomState};

use selvedge::context::decorate::{self, Flight, FlightRun, Whole};

use super::*;

type Running<K, V, F = Ready<V>> = FlightRun<'static, K, V, RandomState, fn() -> F, F, Whole>;
type Flagged<K, V> =
    FlightRun<'static, K, V, RandomState, fn() -> Ready<V>, Ready<V>, decorate::Flagged<Whole>>;

#[test]
fn traits() {
    send_sync_unpin! {
        Flight<NN, YY>: 0 0 1; Flight<YN, YY>: 0 0 1; Flight<YY, YN>: 0 0 1;
        Flight<YY, NN>: 0 0 1; Flight<YY, YY>: 1 1 1;
        Running<YY, YY>: 1 1 0; Running<NN, YY>: 0 0 0; Running<YY, NN>: 0 0 0;
        Running<YY, YY, Ready<NN>>: 0 0 0;
        Flagged<YY, YY>: 1 1 0; Flagged<YY, YN>: 0 0 0;
    }
    unwinds::<Flight<u8, u8>>();
}

#[test]
fn sizes() {
    at_most! { Flight<u8, u8>: 72; Running<u8, u8>: 14; Flagged<u8, u8>: 14; }
}
