use selvedge::channel::mpsc::{
    Closed, OwnedPermit, Permit, PermitIterator, Receiver, Recv, RecvMany, Reserve, ReserveMany,
    ReserveOwned, Send, Sender, SenderSink, UnboundedReceiver, UnboundedSender, WeakSender,
    WeakUnboundedSender,
    error::{SendError, SendTimeoutError, TryRecvError, TrySendError},
};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Sender<YY>: 1 1 1; Sender<YN>: 1 1 1; Sender<NN>: 0 0 1; Sender<NY>: 0 0 1;
        Receiver<YN>: 1 1 1; Receiver<NN>: 0 0 1;
        UnboundedSender<YN>: 1 1 1; UnboundedSender<NN>: 0 0 1;
        UnboundedReceiver<YN>: 1 1 1; UnboundedReceiver<NN>: 0 0 1;
        Receiver<std::marker::PhantomPinned>: 1 1 1;
        WeakSender<YN>: 1 1 1; WeakSender<NN>: 0 0 1;
        WeakUnboundedSender<YN>: 1 1 1; WeakUnboundedSender<NN>: 0 0 1;
        Permit<'static, YN>: 1 1 1; Permit<'static, NN>: 0 0 1;
        PermitIterator<'static, YN>: 1 1 1; PermitIterator<'static, NN>: 0 0 1;
        OwnedPermit<YN>: 1 1 1; OwnedPermit<NN>: 0 0 1;
        Send<'static, YN>: 1 1 0; Send<'static, NN>: 0 0 0;
        Reserve<'static, YN>: 1 1 0; ReserveMany<'static, YN>: 1 1 0; ReserveOwned<YN>: 1 1 0;
        Reserve<'static, NN>: 0 0 0; ReserveMany<'static, NN>: 0 0 0; ReserveOwned<NN>: 0 0 0;
        Recv<'static, YN>: 1 1 1; Recv<'static, NN>: 0 0 1;
        RecvMany<'static, YY>: 1 1 1; RecvMany<'static, NN>: 0 0 1;
        Closed<'static, YN>: 1 1 0; Closed<'static, NN>: 0 0 0;
        SenderSink<YN>: 1 1 1; SenderSink<NN>: 0 0 1;
        SendError<YN>: 1 0 1; TrySendError<YN>: 1 0 1; SendTimeoutError<YN>: 1 0 1;
        TryRecvError: 1 1 1;
    }
    unwinds::<(Sender<u8>, Receiver<u8>, UnboundedSender<u8>, UnboundedReceiver<u8>)>();
    unwinds::<(WeakSender<u8>, OwnedPermit<u8>, Permit<'static, u8>)>();
    is_error::<SendError<u8>>();
    is_error::<TrySendError<u8>>();
    is_error::<SendTimeoutError<u8>>();
    is_error::<TryRecvError>();
}

#[test]
fn sizes() {
    at_most! {
        Sender<u8>: 1; Receiver<u8>: 1; UnboundedSender<u8>: 1; OwnedPermit<u8>: 1;
        Permit<'static, u8>: 1; PermitIterator<'static, u8>: 2;
        Send<'static, u8>: 15; Recv<'static, u8>: 2; Reserve<'static, u8>: 14;
        TryRecvError: 1; SendError<u8>: 1;
    }
}
