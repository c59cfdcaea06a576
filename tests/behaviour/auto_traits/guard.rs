use std::future::{Pending, Ready};

use selvedge::context::{
    Cleanup, Closing, Exit, Guard, LocalReaper, Reaper, Report, Run, ThreadReaper, WeakReaper,
    With, WithError,
};

use super::*;

/// A cleanup of a resource, and its guard.
type Of<R> = Cleanup<R, fn(R, Exit) -> Ready<()>, Ready<()>>;
type GuardOf<R, P> = Guard<R, fn(R, Exit) -> Ready<()>, Ready<()>, P>;

#[test]
fn traits() {
    send_sync_unpin! {
        Reaper: 1 1 1; ThreadReaper: 1 1 1; WeakReaper: 1 1 1; Run: 1 1 1;
        LocalReaper: 0 0 1;
        GuardOf<YY, Reaper>: 1 1 1; GuardOf<YN, Reaper>: 1 0 1; GuardOf<NN, LocalReaper>: 0 0 1;
        Closing<Of<YY>, Reaper>: 1 1 1; Closing<Of<NN>, LocalReaper>: 0 0 1;
        With<Pending<YY>>: 1 1 1; With<Ready<NN>>: 0 0 1;
        Exit: 1 1 1; Report: 1 1 1; WithError<YY, YY>: 1 1 1;
    }
    unwinds::<Reaper>();
    is_error::<WithError<std::fmt::Error, std::fmt::Error>>();
}

#[test]
fn sizes() {
    at_most! {
        Reaper: 1; Run: 5; GuardOf<usize, Reaper>: 4; Closing<Of<usize>, Reaper>: 2; Exit: 1;
    }
}
