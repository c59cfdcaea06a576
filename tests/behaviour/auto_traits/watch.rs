use selvedge::channel::watch::{
    Changed, Changes, Closed, Receiver, Ref, Sender, WaitFor,
    error::{RecvError, SendError},
};

use super::*;

type Predicate = fn(&YY) -> bool;

#[test]
fn traits() {
    send_sync_unpin! {
        Sender<YY>: 1 1 1; Sender<YN>: 0 0 1; Sender<NN>: 0 0 1; Sender<NY>: 0 0 1;
        Receiver<YY>: 1 1 1; Receiver<YN>: 0 0 1; Receiver<NN>: 0 0 1; Receiver<NY>: 0 0 1;
        Ref<'static, YY>: 1 1 1; Ref<'static, YN>: 0 0 1; Ref<'static, NY>: 0 0 1;
        Changed<'static>: 1 1 0; WaitFor<'static, YY, Predicate>: 1 1 0;
        Closed<'static, YY>: 1 1 0; Closed<'static, YN>: 0 0 0;
        Changes<YY>: 1 1 0; Changes<YN>: 0 0 0;
        SendError<YN>: 1 0 1; RecvError: 1 1 1;
    }
    unwinds::<(Sender<u8>, Receiver<u8>)>();
    unwinds::<(RecvError, SendError<u8>)>();
    is_error::<RecvError>();
    is_error::<SendError<u8>>();
}

#[test]
fn sizes() {
    at_most! {
        Sender<[u8; 100]>: 1; Receiver<[u8; 100]>: 2; Ref<'static, [u8; 100]>: 3;
        Changed<'static>: 14; Closed<'static, u8>: 14;
        WaitFor<'static, YY, Predicate>: 17; Changes<u8>: 17;
        RecvError: 0;
    }
}
