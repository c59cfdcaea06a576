//! tokio's `mpsc`.

/// The program text, once for each set of `use` lines.
macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::{
                future::poll_fn,
                sync::Arc,
                task::{Context, Poll, Waker},
                time::Duration,
            };

            $($uses)*

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn workers_report_to_one() {
                let (sender, mut receiver) = mpsc::channel::<usize>(4);
                for worker in 0..8 {
                    let sender: mpsc::Sender<usize> = sender.clone();
                    tokio::spawn(async move {
                        for _ in 0..100 {
                            sender.send(worker).await.unwrap();
                            tokio::task::yield_now().await;
                        }
                    });
                }
                drop(sender);
                let mut seen = [0; 8];
                while let Some(worker) = receiver.recv().await {
                    seen[worker] += 1;
                }
                assert_eq!(seen, [100; 8]);
            }

            #[tokio::test]
            async fn permits_of_every_kind() {
                let (sender, mut receiver) = mpsc::channel(4);
                let permit: mpsc::Permit<'_, &str> = sender.reserve().await.unwrap();
                let mut permits: mpsc::PermitIterator<'_, &str> =
                    sender.reserve_many(2).await.unwrap();
                assert_eq!((permits.len(), sender.capacity()), (2, 1));
                permits.next().unwrap().send("two");
                drop(permits);
                permit.send("one");
                assert_eq!((sender.capacity(), sender.max_capacity()), (2, 4));
                let owned: mpsc::OwnedPermit<&str> =
                    sender.clone().reserve_owned().await.unwrap();
                let other = sender.clone().try_reserve_owned().unwrap();
                assert!(owned.same_channel(&other) && other.same_channel_as_sender(&sender));
                assert!(matches!(sender.try_reserve(), Err(TrySendError::Full(()))));
                assert!(matches!(sender.try_reserve_many(9), Err(TrySendError::Full(()))));
                assert!(sender.reserve_many(9).await.is_err());
                let back: mpsc::Sender<&str> = owned.send("three");
                drop(other.release());
                assert!(back.same_channel(&sender));
                let mut buffer = Vec::new();
                assert_eq!(receiver.recv_many(&mut buffer, 2).await, 2);
                assert_eq!(receiver.recv_many(&mut buffer, 9).await, 1);
                assert_eq!(buffer, ["two", "one", "three"]);
                sender.try_reserve().unwrap().send("four");
                for permit in sender.try_reserve_many(3).unwrap() {
                    permit.send("more");
                }
                assert_eq!((receiver.len(), receiver.capacity()), (4, 0));
            }

            #[tokio::test]
            async fn weak_handles_and_closing() {
                let (sender, mut receiver) = mpsc::channel::<u8>(1);
                let weak: mpsc::WeakSender<u8> = sender.downgrade();
                assert_eq!((weak.strong_count(), weak.weak_count()), (1, 1));
                assert!(weak.clone().upgrade().unwrap().same_channel(&sender));
                let closing = tokio::spawn({
                    let sender = sender.clone();
                    async move { sender.closed().await }
                });
                sender.try_send(1).unwrap();
                assert!(!receiver.is_closed() && !receiver.is_empty());
                receiver.close();
                closing.await.unwrap();
                assert!(sender.is_closed());
                assert_eq!(sender.send(2).await, Err(SendError(2)));
                assert_eq!(receiver.recv().await, Some(1));
                assert_eq!(receiver.recv().await, None);
                assert_eq!((receiver.sender_strong_count(), receiver.sender_weak_count()), (1, 1));
                drop(sender);
                assert!(weak.upgrade().is_none());

                let (sender, mut receiver) = mpsc::unbounded_channel::<u8>();
                let weak: mpsc::WeakUnboundedSender<u8> = sender.downgrade();
                let other: mpsc::UnboundedSender<u8> = weak.upgrade().unwrap();
                assert!(other.same_channel(&sender) && !sender.is_closed());
                assert_eq!((sender.strong_count(), sender.weak_count()), (2, 1));
                sender.send(7).unwrap();
                assert_eq!(poll_fn(|cx| receiver.poll_recv(cx)).await, Some(7));
                receiver.close();
                other.closed().await;
                assert_eq!(other.send(8), Err(SendError(8)));
                let _: Option<u8> = receiver.recv().await;
                assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
            }

            #[tokio::test]
            async fn sending_with_a_deadline() {
                let (sender, mut receiver) = mpsc::channel(1);
                let soon = Duration::from_millis(1);
                sender.send_timeout(1, Duration::from_secs(9)).await.unwrap();
                let late = sender.send_timeout(2, soon).await.unwrap_err();
                assert_eq!(late, SendTimeoutError::Timeout(2));
                assert_eq!(receiver.recv().await, Some(1));
                drop(receiver);
                let gone = sender.send_timeout(3, soon).await.unwrap_err();
                assert_eq!((format!("{gone:?}").contains("Closed"), gone.into_inner()), (true, 3));
            }

            #[test]
            fn threads_on_both_ends() {
                let (sender, mut receiver) = mpsc::channel(1);
                let (free, mut freely) = mpsc::unbounded_channel();
                let thread = std::thread::spawn(move || {
                    for n in 0..50 {
                        sender.blocking_send(n).unwrap();
                        free.send(n).unwrap();
                    }
                });
                assert!((0..50).all(|n| receiver.blocking_recv() == Some(n)));
                assert_eq!(receiver.blocking_recv(), None);
                thread.join().unwrap();
                let mut buffer = Vec::with_capacity(50);
                assert_eq!(freely.blocking_recv_many(&mut buffer, 100), 50);
                assert_eq!(freely.blocking_recv(), None);
            }

            /// What a program can see of results and counts, line by line.
            pub(super) fn transcript() -> Vec<String> {
                let mut seen = Vec::new();
                let mut see = |what: &dyn std::fmt::Debug| seen.push(format!("{what:?}"));
                let cx = &mut Context::from_waker(Waker::noop());

                let (sender, mut receiver) = mpsc::channel::<u32>(2);
                see(&receiver.try_recv());
                see(&receiver.poll_recv(cx));
                see(&(sender.try_send(1), sender.try_send(2)));
                see(&(sender.capacity(), receiver.len(), receiver.is_empty()));
                see(&sender.try_send(3).map_err(|error| error.into_inner()));
                see(&receiver.poll_recv(cx));
                let mut buffer = Vec::new();
                see(&receiver.poll_recv_many(cx, &mut buffer, 0));
                see(&receiver.poll_recv_many(cx, &mut buffer, 5));
                see(&receiver.poll_recv_many(cx, &mut buffer, 5));
                let permit = sender.try_reserve().unwrap();
                receiver.close();
                see(&(receiver.is_closed(), sender.is_closed(), receiver.try_recv()));
                see(&receiver.poll_recv(cx));
                permit.send(4);
                see(&(receiver.poll_recv(cx), receiver.poll_recv(cx)));
                // tokio's Debug has the name in quotes, by accident.
                see(&(sender.try_send(5) == Err(TrySendError::Closed(5)), receiver.try_recv()));
                see(&(TrySendError::from(SendError(6)) == TrySendError::Closed(6)));
                see(&SendError(6));
                see(&[SendError(6).to_string(), TryRecvError::Empty.to_string()].map(|s| s.len() > 9));
                fn is_error<E: std::error::Error + Send + Sync + 'static>() {}
                is_error::<SendError<u8>>();
                is_error::<TrySendError<u8>>();
                is_error::<SendTimeoutError<u8>>();
                is_error::<TryRecvError>();

                // Dropped while it waits, woken: it was not sent.
                let (sender, mut receiver) = mpsc::channel::<u32>(1);
                sender.try_send(1).unwrap();
                let mut send = Box::pin(sender.send(2));
                see(&send.as_mut().poll(cx));
                see(&receiver.try_recv());
                drop(send);
                see(&(receiver.try_recv(), sender.capacity()));

                // Dropped receiver, with messages and a permit.
                let token = Arc::new(());
                let (sender, receiver) = mpsc::channel(3);
                let permit = sender.try_reserve().unwrap();
                sender.try_send(token.clone()).unwrap();
                drop(receiver);
                see(&Arc::strong_count(&token));
                permit.send(token.clone());
                see(&sender.try_send(token.clone()).map_err(|error| error.into_inner()));
                drop(sender);
                see(&Arc::strong_count(&token));

                let (sender, mut receiver) = mpsc::unbounded_channel::<u32>();
                see(&(sender.send(1), receiver.len(), receiver.is_closed()));
                see(&(receiver.is_empty(), receiver.sender_strong_count()));
                let mut buffer = vec![0];
                see(&(sender.send(2), receiver.poll_recv_many(cx, &mut buffer, 1)));
                see(&(sender.send(3), pollster::block_on(receiver.recv_many(&mut buffer, 9))));
                see(&(buffer, sender.send(1), receiver.sender_weak_count()));
                let weak = sender.downgrade();
                drop(sender);
                see(&(weak.upgrade().is_some(), receiver.is_closed()));
                see(&(receiver.try_recv(), receiver.try_recv()));
                see(&(receiver.poll_recv(cx) == Poll::Ready(None)));
                see(&crate::harness::panics(|| drop(mpsc::channel::<u8>(0))));
                seen
            }
        }
    };
}

programs! { tokio_s,
    use tokio::sync::mpsc::{
        self,
        error::{SendError, SendTimeoutError, TryRecvError, TrySendError},
    };
}
programs! { selvedge_s,
    use selvedge::{
        SendTimeoutExt as _,
        channel::mpsc::{
            self,
            error::{SendError, SendTimeoutError, TryRecvError, TrySendError},
        },
    };
}

#[test]
fn both_show_the_same() {
    assert_eq!(selvedge_s::transcript(), tokio_s::transcript());
}
