use std::future::Ready;

use selvedge::context::{
    AsCompleted, ForEachLimit, JoinAll, NextCompleted, Race, RaceOk, Select, Select3,
    TryForEachLimit, TryJoinAll, Until, Wait, Waited,
};

use super::*;

type Sends = Ready<YY>;
type Stays = Ready<NN>;

#[test]
fn traits() {
    send_sync_unpin! {
        JoinAll<Sends>: 1 1 1; JoinAll<Stays>: 0 0 1; TryJoinAll<Sends, YY>: 1 1 1;
        TryJoinAll<Sends, NN>: 0 0 1; Race<Sends>: 1 1 1; Race<Stays>: 0 0 1; RaceOk<Sends, YY>: 1 1 1;
        RaceOk<Stays, YY>: 0 0 1; AsCompleted<Sends>: 1 1 1; AsCompleted<Stays>: 0 0 1;
        NextCompleted<'static, Sends>: 1 1 1; Wait<Sends, YY, YY>: 1 1 1; Wait<Stays, YY, YY>: 0 0 1;
        Waited<Sends, YY, YY>: 1 1 1; Until: 1 1 1;
        Select<Sends, Sends>: 1 1 1; Select<Sends, Stays>: 0 0 1; Select3<Sends, Sends, Stays>: 0 0 1;
        Select<std::marker::PhantomPinned, Sends>: 1 1 0;
        ForEachLimit<YY, YY, Sends>: 1 1 1; ForEachLimit<YY, NN, Sends>: 0 0 1;
        ForEachLimit<std::marker::PhantomPinned, YY, Sends>: 1 1 0;
        TryForEachLimit<YY, YY, Stays, YY>: 0 0 1; TryForEachLimit<YY, YY, Sends, NN>: 1 1 1;
    }
}

#[test]
fn sizes() {
    at_most! {
        Select<Sends, Sends>: 2; JoinAll<Sends>: 24; Race<Sends>: 24;
    }
}
