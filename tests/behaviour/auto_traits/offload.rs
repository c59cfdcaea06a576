use selvedge::context::{Offload, OffloadJob, Stop};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        OffloadJob<YY, YY>: 1 1 1; OffloadJob<YN, YY>: 1 0 1; OffloadJob<NN, YY>: 0 0 1; OffloadJob<YY, NN>: 0 0 1;
        Offload<YY, YY, YY>: 1 1 1; Offload<NN, YY, YY>: 0 0 1; Offload<YY, NN, YY>: 0 0 1;
        Stop<'static>: 1 1 1;
    }
}

#[test]
fn sizes() {
    at_most! { OffloadJob<(), u8>: 5; Offload<(), u8, ()>: 3; Stop<'static>: 2; }
}
