use selvedge::{
    context::{Phase, PhaseReport, Shutdown, ShutdownReport, ShuttingDown},
    time::VirtualClock,
};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Shutdown: 1 1 1; Phase: 1 1 1; ShuttingDown<'static>: 1 1 0;
        ShuttingDown<'static, VirtualClock>: 1 1 0; ShuttingDown<'static, &VirtualClock>: 1 1 0;
        ShutdownReport: 1 1 1; PhaseReport: 1 1 1;
    }
    unwinds::<Shutdown>();
    unwinds::<Phase>();
}

#[test]
fn sizes() {
    at_most! {
        Shutdown: 10; Phase: 8; ShuttingDown<'static>: 30; ShutdownReport: 3; PhaseReport: 16;
    }
}
