use selvedge::channel::mpmc::{
    Builder, Closed, Overflow, Permit, Receiver, Recv, RecvError, RecvMany, Reserve, Send,
    SendError, Sender, SenderSink, TryRecvError, TrySendError, WeakReceiver, WeakSender,
};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Sender<YY>: 1 1 1; Sender<YN>: 1 1 1; Sender<NN>: 0 0 1; Sender<NY>: 0 0 1;
        Sender<std::marker::PhantomPinned>: 1 1 1;
        Receiver<YY>: 1 1 1; Receiver<YN>: 1 1 1; Receiver<NN>: 0 0 1; Receiver<NY>: 0 0 1;
        WeakSender<YN>: 1 1 1; WeakSender<NN>: 0 0 1;
        WeakReceiver<YN>: 1 1 1; WeakReceiver<NN>: 0 0 1;
        Builder<YN>: 1 1 1;
        Permit<'static, YN>: 1 1 1; Permit<'static, NN>: 0 0 1;
        Send<'static, YY>: 1 1 0; Send<'static, YN>: 1 1 0; Send<'static, NN>: 0 0 0;
        Reserve<'static, YN>: 1 1 0; Reserve<'static, NN>: 0 0 0;
        Recv<'static, YN>: 1 1 0; Recv<'static, NN>: 0 0 0;
        RecvMany<'static, YY>: 1 1 0; RecvMany<'static, NN>: 0 0 0;
        Closed<'static, YN>: 1 1 0; Closed<'static, NN>: 0 0 0;
        SenderSink<YN>: 1 1 1; SenderSink<NN>: 0 0 1;
        SendError<YN>: 1 0 1; TrySendError<YN>: 1 0 1; RecvError: 1 1 1; TryRecvError: 1 1 1;
        Overflow: 1 1 1;
    }
    unwinds::<(Sender<u8>, Receiver<u8>, WeakSender<u8>, WeakReceiver<u8>)>();
    unwinds::<Permit<'static, u8>>();
    is_error::<SendError<u8>>();
    is_error::<TrySendError<u8>>();
    is_error::<RecvError>();
    is_error::<TryRecvError>();
}

#[test]
fn sizes() {
    at_most! {
        Sender<u8>: 1; Option<Sender<u8>>: 1; Receiver<u8>: 2; Permit<'static, u8>: 1;
        Send<'static, u8>: 15; Recv<'static, u8>: 14; Closed<'static, u8>: 9;
        TryRecvError: 1; RecvError: 0; SendError<u8>: 1; TrySendError<u8>: 1;
    }
}
