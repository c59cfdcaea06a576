//! Each wait, in the six shapes.

use std::{
    future::Future,
    mem,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll},
};

use futures_lite::StreamExt;
use selvedge::channel::broadcast::{self, Overflow, Receiver, Sender};

use crate::sweep::{Report, Swept, Waiting};

/// Reads the one message for everybody, which lets one sender in: not under the lock, as it wakes.
fn read(full: &Full) {
    let mut rx = full.tx.subscribe();
    mem::swap(&mut rx, &mut full.rx.lock().unwrap());
    drop(rx);
}

/// A channel that is waited for, or a lossless one that is full.
struct Full {
    tx: Sender<u32>,
    rx: Mutex<Receiver<u32>>,
    waits: Arc<AtomicUsize>,
}

/// A wait that counts while it lives.
struct Counted(Pin<Box<dyn Future<Output = bool> + Send>>, Arc<AtomicUsize>);

impl Future for Counted {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        self.0.as_mut().poll(cx)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.1.fetch_sub(1, SeqCst);
    }
}

fn counted(waits: &Arc<AtomicUsize>, wait: impl Future<Output = bool> + Send + 'static) -> Waiting {
    waits.fetch_add(1, SeqCst);
    Box::pin(Counted(Box::pin(wait), waits.clone()))
}

pub(crate) fn sweep(report: Report<'_>) {
    let make = || Full {
        tx: Sender::new(16),
        rx: Mutex::new(Sender::new(1).subscribe()),
        waits: Arc::default(),
    };
    type Row = (&'static str, fn(&Arc<Full>) -> Waiting);
    let rows: [Row; 2] = [
        ("broadcast::Receiver::recv", |full| {
            let mut rx = full.tx.subscribe();
            counted(&full.waits, async move { rx.recv().await.is_ok() })
        }),
        ("broadcast::Messages", |full| {
            let mut stream = Box::pin(full.tx.subscribe().into_stream());
            counted(&full.waits, async move { stream.next().await.is_some_and(|got| got.is_ok()) })
        }),
    ];
    for (name, wait) in rows {
        Swept {
            name,
            make,
            wait,
            free: |full| _ = full.tx.send(1),
            waiting: |full| full.waits.load(SeqCst),
            is_free: |full| {
                full.waits.load(SeqCst) == 0 && full.tx.receiver_count() == 0 && full.tx.is_empty()
            },
            close: None,
        }
        .sweep(report);
    }
    Swept {
        name: "broadcast::Sender::broadcast",
        make: || {
            let (tx, rx) = broadcast::with_overflow(1, Overflow::Wait);
            tx.try_broadcast(0).unwrap();
            Full { tx, rx: Mutex::new(rx), waits: Arc::default() }
        },
        // Whoever gets in makes room for the next at once.
        wait: |full| {
            let inside = full.clone();
            counted(&full.waits, async move {
                let sent = inside.tx.broadcast(1).await.is_ok();
                read(&inside);
                sent
            })
        },
        free: read,
        waiting: |full| full.waits.load(SeqCst),
        is_free: |full| full.waits.load(SeqCst) == 0 && full.tx.is_empty(),
        close: None,
    }
    .sweep(report);
}
