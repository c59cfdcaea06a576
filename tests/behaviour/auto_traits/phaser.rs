use selvedge::sync::{Phaser, PhaserClosed, PhaserParty, PhaserWait};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Phaser: 1 1 1; PhaserParty<'static>: 1 1 1; PhaserWait<'static>: 1 1 0;
    }
    unwinds::<Phaser>();
    is_error::<PhaserClosed>();
}

#[test]
fn sizes() {
    at_most! { Phaser: 8; PhaserParty<'static>: 3; PhaserWait<'static>: 13; }
}
