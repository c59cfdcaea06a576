use selvedge::channel::broadcast::{
    Broadcast, Closed, InactiveReceiver, Messages, Overflow, Receiver, Recv, Sender, WeakSender,
    error::{Lagged, RecvError, SendError, TryRecvError, TrySendError},
};

use super::*;

/// A message is looked at by several threads at a time, so it has to be Sync as well.
#[test]
fn traits() {
    send_sync_unpin! {
        Sender<YY>: 1 1 1; Sender<YN>: 0 0 1; Sender<NN>: 0 0 1; Sender<NY>: 0 0 1;
        WeakSender<YY>: 1 1 1; WeakSender<YN>: 0 0 1;
        Receiver<YY>: 1 1 1; Receiver<YN>: 0 0 1; Receiver<NN>: 0 0 1; Receiver<NY>: 0 0 1;
        InactiveReceiver<YY>: 1 1 1; InactiveReceiver<YN>: 0 0 1;
        Recv<'static, YY>: 1 1 0; Recv<'static, YN>: 0 0 0;
        Broadcast<'static, YY>: 1 1 0; Broadcast<'static, YN>: 0 0 0;
        Closed<'static, YY>: 1 1 0; Messages<YY>: 1 1 0; Messages<YN>: 0 0 0;
        Overflow: 1 1 1; Lagged: 1 1 1; RecvError: 1 1 1; TryRecvError: 1 1 1;
        SendError<YN>: 1 0 1; TrySendError<YN>: 1 0 1;
    }
    unwinds::<(Sender<u8>, WeakSender<u8>, Receiver<u8>, InactiveReceiver<u8>)>();
    is_error::<Lagged>();
    is_error::<RecvError>();
    is_error::<TryRecvError>();
    is_error::<SendError<u8>>();
    is_error::<TrySendError<u8>>();
}

#[test]
fn sizes() {
    at_most! {
        Sender<[u8; 100]>: 1; Receiver<[u8; 100]>: 3; InactiveReceiver<u8>: 1;
        Recv<'static, [u8; 100]>: 16; Broadcast<'static, u64>: 21; Messages<u8>: 17;
        RecvError: 2; TryRecvError: 2;
    }
}
