use selvedge::sync::{Abandoned, Completer, Completion, CompletionWait};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Completion<NN>: 0 0 1; Completion<YN>: 0 0 1; Completion<YY>: 1 1 1; Completion<NY>: 0 0 1;
        Completer<NN>: 0 0 1; Completer<YN>: 0 0 1; Completer<YY>: 1 1 1; Completer<NY>: 0 0 1;
        CompletionWait<'static, YN>: 0 0 0; CompletionWait<'static, YY>: 1 1 0;
        Abandoned: 1 1 1;
    }
    unwinds::<Completion<u8>>();
    unwinds::<Completer<u8>>();
    is_error::<Abandoned>();
}

#[test]
fn sizes() {
    at_most! { Completion<u8>: 1; Completer<u8>: 1; CompletionWait<'static, u8>: 11; Abandoned: 0; }
}
