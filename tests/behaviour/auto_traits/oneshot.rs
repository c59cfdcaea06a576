use selvedge::channel::oneshot::{
    Closed, Receiver, Sender,
    error::{RecvError, TryRecvError},
};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Sender<YY>: 1 1 1; Sender<YN>: 1 1 1; Sender<NN>: 0 0 1; Sender<NY>: 0 0 1;
        Receiver<YY>: 1 1 1; Receiver<YN>: 1 1 1; Receiver<NN>: 0 0 1; Receiver<NY>: 0 0 1;
        Closed<'static, YY>: 1 1 1; Closed<'static, NN>: 0 0 1;
        RecvError: 1 1 1; TryRecvError: 1 1 1;
    }
    unwinds::<(Sender<u8>, Receiver<u8>)>();
    unwinds::<(RecvError, TryRecvError)>();
    is_error::<RecvError>();
    is_error::<TryRecvError>();
}

#[test]
fn sizes() {
    at_most! {
        Sender<[u8; 100]>: 1; Receiver<[u8; 100]>: 1; Closed<'static, u8>: 1;
        RecvError: 0; TryRecvError: 1;
    }
}
