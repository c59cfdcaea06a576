use std::future::Ready;

use selvedge::context::{Finished, LocalReaper, Reaper, Shield, Shielded};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Shield<Ready<YY>, Reaper>: 1 1 1; Shield<Ready<NN>, LocalReaper>: 0 0 1;
        Shielded<Ready<YY>>: 1 1 1; Finished<YN>: 1 0 1;
    }
}

#[test]
fn sizes() {
    at_most! { Shield<Ready<[usize; 9]>, Reaper>: 2; }
}
