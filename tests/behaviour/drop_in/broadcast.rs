//! broadcast.

macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::{future::Future, pin::pin, task::{Context, Waker}};

            $($uses)*

            #[derive(Clone, Debug, PartialEq)]
            enum Line {
                Said(String),
                Left,
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_chat_room() {
                let (room, _): (Sender<Line>, Receiver<Line>) = broadcast::channel(256);
                let members: Vec<_> = (0..4)
                    .map(|_| {
                        let mut heard = room.subscribe();
                        tokio::spawn(async move {
                            let mut count = 0;
                            loop {
                                match heard.recv().await {
                                    Ok(Line::Said(_)) => count += 1,
                                    Ok(Line::Left) | Err(RecvError::Closed) => return count,
                                    Err(RecvError::Lagged(missed)) => count += missed,
                                }
                            }
                        })
                    })
                    .collect();
                for number in 0..200 {
                    assert_eq!(room.send(Line::Said(format!("line {number}"))).unwrap(), 4);
                }
                room.send(Line::Left).unwrap();
                for member in members {
                    assert_eq!(member.await.unwrap(), 200);
                }
                room.closed().await;
                assert!(matches!(room.send(Line::Left), Err(SendError(Line::Left))));
            }

            #[tokio::test]
            async fn a_shutdown_signal() {
                let tx = Sender::<()>::new(1);
                let weak: WeakSender<()> = tx.downgrade();
                let tasks: Vec<_> = (0..3)
                    .map(|_| {
                        let mut stop = tx.subscribe();
                        tokio::spawn(async move {
                            tokio::select! {
                                _ = stop.recv() => true,
                                () = std::future::pending() => false,
                            }
                        })
                    })
                    .collect();
                tokio::task::yield_now().await;
                drop(tx);
                for task in tasks {
                    assert!(task.await.unwrap());
                }
                assert!(weak.upgrade().is_none());
            }

            pub(super) fn transcript() -> Vec<String> {
                let mut seen = Vec::new();
                let mut see = |what: &dyn std::fmt::Debug| seen.push(format!("{what:?}"));
                let mut cx = Context::from_waker(Waker::noop());

                let (tx, mut rx) = broadcast::channel(3);
                see(&(tx.len(), tx.is_empty(), rx.len(), rx.is_empty(), tx.receiver_count()));
                see(&rx.try_recv());
                see(&pin!(rx.recv()).poll(&mut cx));
                let mut late = None;
                for number in 0..7 {
                    see(&tx.send(number));
                    if number == 4 {
                        late = Some(tx.subscribe());
                    }
                }
                let mut late = late.unwrap();
                see(&(tx.len(), rx.len(), late.len()));
                see(&(late.try_recv(), late.try_recv(), late.try_recv()));
                see(&tx.len());
                see(&(rx.try_recv(), rx.try_recv(), rx.len()));
                see(&pin!(rx.recv()).poll(&mut cx));
                see(&tx.len());
                let other = rx.resubscribe();
                see(&(other.len(), tx.receiver_count(), rx.same_channel(&other)));
                see(&tx.send(7));
                drop(other);
                see(&(rx.blocking_recv(), rx.blocking_recv(), rx.blocking_recv()));
                see(&(late.try_recv(), late.try_recv(), tx.len()));
                let weak = tx.downgrade();
                see(&(tx.strong_count(), tx.weak_count(), weak.strong_count()));
                let again = weak.upgrade().unwrap();
                see(&(tx.same_channel(&again), rx.sender_strong_count(), rx.sender_weak_count()));
                drop((rx, late));
                see(&(tx.send(8), tx.receiver_count()));
                see(&pin!(tx.closed()).poll(&mut cx));
                let mut rx = tx.subscribe();
                see(&pin!(tx.closed()).poll(&mut cx));
                see(&(tx.send(9), rx.is_closed()));
                drop((tx, again));
                see(&(rx.is_closed(), weak.upgrade().is_none(), weak.weak_count()));
                see(&(rx.try_recv(), rx.try_recv(), rx.len()));
                see(&pin!(rx.recv()).poll(&mut cx));
                see(&[TryRecvError::Empty, TryRecvError::Closed, TryRecvError::Lagged(1)]);
                see(&crate::harness::panics(|| drop(broadcast::channel::<u8>(0))));
                seen
            }
        }
    };
}

programs! { tokio_s,
    use tokio::sync::broadcast::{
        self, error::{RecvError, SendError, TryRecvError}, Receiver, Sender, WeakSender,
    };
}
programs! { selvedge_s,
    use selvedge::channel::broadcast::{
        self, error::{RecvError, SendError, TryRecvError}, Receiver, Sender, WeakSender,
    };
}

#[test]
fn both_show_the_same() {
    assert_eq!(selvedge_s::transcript(), tokio_s::transcript());
}
