use selvedge::context::{Closing, ExitErrors, Reaper, Stack, Unwind, Verdict};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Stack<YY, Reaper>: 1 0 1; Unwind<YY>: 1 0 1; Unwind<YN>: 1 0 1; Unwind<NN>: 0 0 1;
        Closing<Unwind<String>, Reaper>: 1 0 1; Verdict: 1 1 1; ExitErrors<YY>: 1 1 1;
    }
    is_error::<ExitErrors<std::fmt::Error>>();
}

#[test]
fn sizes() {
    at_most! { Stack<usize, Reaper>: 5; Closing<Unwind<usize>, Reaper>: 2; Verdict: 1; }
}
