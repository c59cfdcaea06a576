//! oneshot.

macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::{future::Future, pin::Pin, task::{Context, Waker}, time::Duration};

            $($uses)*

            async fn answer(question: u32, tx: Sender<u32>) {
                tokio::task::yield_now().await;
                let _ = tx.send(question + 1);
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn questions_and_answers() {
                let mut sum = 0;
                for question in 0..100 {
                    let (tx, rx) = oneshot::channel();
                    tokio::spawn(answer(question, tx));
                    sum += rx.await.unwrap();
                }
                assert_eq!(sum, 5050);
            }

            #[tokio::test]
            async fn a_sender_notices_that_nobody_listens() {
                let (mut tx, rx) = oneshot::channel::<String>();
                let worker = tokio::spawn(async move {
                    tokio::select! {
                        () = tx.closed() => "cancelled",
                        () = tokio::time::sleep(Duration::from_secs(60)) => "done",
                    }
                });
                tokio::task::yield_now().await;
                drop(rx);
                assert_eq!(worker.await.unwrap(), "cancelled");
            }

            #[tokio::test]
            async fn a_receiver_in_a_select_loop() {
                let (tx, mut rx) = oneshot::channel();
                let mut sender = Some(tx);
                let mut turns = 0;
                let received = loop {
                    tokio::select! {
                        biased;
                        received = &mut rx => break received.unwrap(),
                        () = tokio::task::yield_now() => {
                            turns += 1;
                            if turns == 3 {
                                sender.take().unwrap().send("done").unwrap();
                            }
                        }
                    }
                };
                assert_eq!((received, turns), ("done", 3));
            }

            #[test]
            fn threads() {
                let (tx, rx): (Sender<Vec<u8>>, Receiver<Vec<u8>>) = oneshot::channel();
                let thread = std::thread::spawn(move || rx.blocking_recv().unwrap());
                tx.send(vec![1, 2]).unwrap();
                assert_eq!(thread.join().unwrap(), [1, 2]);
            }

            pub(super) fn transcript() -> Vec<String> {
                let mut seen = Vec::new();
                let mut see = |what: &dyn std::fmt::Debug| seen.push(format!("{what:?}"));
                let mut cx = Context::from_waker(Waker::noop());

                let (mut tx, mut rx) = oneshot::channel::<u8>();
                see(&(rx.is_empty(), rx.is_terminated(), tx.is_closed()));
                see(&rx.try_recv());
                see(&tx.poll_closed(&mut cx));
                see(&Pin::new(&mut rx).poll(&mut cx));
                see(&tx.send(5));
                see(&(rx.is_empty(), rx.is_terminated()));
                see(&Pin::new(&mut rx).poll(&mut cx));
                see(&(rx.is_empty(), rx.is_terminated()));
                see(&rx.try_recv());
                rx.close();

                let (tx, mut rx) = oneshot::channel::<u8>();
                drop(tx);
                see(&(rx.is_empty(), rx.is_terminated()));
                see(&rx.try_recv());
                see(&rx.is_terminated());

                let (mut tx, mut rx) = oneshot::channel::<u8>();
                rx.close();
                see(&(tx.is_closed(), tx.poll_closed(&mut cx), rx.is_terminated()));
                see(&Pin::new(&mut rx).poll(&mut cx));
                see(&tx.send(6));

                let (tx, mut rx) = oneshot::channel::<u8>();
                see(&tx.send(7));
                rx.close();
                see(&rx.try_recv());
                see(&rx.try_recv());

                let (tx, rx) = oneshot::channel::<u8>();
                drop(tx);
                let error: RecvError = rx.blocking_recv().unwrap_err();
                see(&error);
                see(&[TryRecvError::Empty, TryRecvError::Closed]);
                seen
            }
        }
    };
}

programs! { tokio_s,
    use tokio::sync::oneshot::{self, error::{RecvError, TryRecvError}, Receiver, Sender};
}
programs! { selvedge_s,
    use selvedge::channel::oneshot::{self, error::{RecvError, TryRecvError}, Receiver, Sender};
}

#[test]
fn both_show_the_same() {
    assert_eq!(selvedge_s::transcript(), tokio_s::transcript());
}
