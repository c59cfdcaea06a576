use std::future::Ready;

use selvedge::context::decorate::{Cache, CacheRun, Kept, Recent, Whole};

use super::*;

type Running<K, V> = CacheRun<'static, K, V, Recent<K, Kept<V>>, fn() -> Ready<V>, Ready<V>, Whole>;

#[test]
fn traits() {
    send_sync_unpin! {
        Cache<YY, YY>: 1 1 1; Cache<NN, YY>: 0 0 1; Cache<YN, YY>: 0 0 1; Cache<YY, YN>: 0 0 1;
        Recent<YY, YY>: 1 1 1; Recent<YN, YY>: 0 0 1; Recent<YY, NN>: 0 0 1;
        Kept<YY>: 1 1 1; Kept<NN>: 0 0 1;
        Running<YY, YY>: 1 1 1; Running<NN, YY>: 0 0 1; Running<YY, YN>: 0 0 1;
    }
    unwinds::<Cache<u8, u8>>();
}

#[test]
fn sizes() {
    at_most! { Cache<u8, u8>: 144; Running<u8, u8>: 6; Kept<u64>: 2; }
}
