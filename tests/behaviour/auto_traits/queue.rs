use selvedge::channel::queue::{
    Fifo, Get, Join, Lifo, Priority, Put, Queue, QueueStatistics,
    error::{GetNowaitError, PutNowaitError, QueueShutDown, TaskDoneError},
};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Queue<YY>: 1 1 1; Queue<YN>: 1 1 1; Queue<NN>: 0 0 1; Queue<NY>: 0 0 1;
        Queue<YY, Lifo>: 1 1 1; Queue<YY, Priority>: 1 1 1; Queue<NN, Priority>: 0 0 1;
        Put<'static, YY>: 1 1 0; Put<'static, YN>: 1 0 0; Put<'static, NN>: 0 0 0;
        Get<'static, YN>: 1 1 0; Get<'static, NN>: 0 0 0; Join<'static>: 1 1 0;
        Fifo: 1 1 1; QueueStatistics: 1 1 1; GetNowaitError: 1 1 1; TaskDoneError: 1 1 1;
        PutNowaitError<YN>: 1 0 1; QueueShutDown<YN>: 1 0 1;
    }
    unwinds::<Queue<u8>>();
    unwinds::<Queue<u8, Priority>>();
    is_error::<GetNowaitError>();
    is_error::<TaskDoneError>();
    is_error::<PutNowaitError<u8>>();
    is_error::<QueueShutDown<u8>>();
    is_error::<QueueShutDown>();
}

#[test]
fn sizes() {
    at_most! {
        Queue<[u8; 100]>: 32; Put<'static, u64>: 20; Get<'static, u64>: 17; Join<'static>: 18;
        GetNowaitError: 1; PutNowaitError<u64>: 2;
    }
}
