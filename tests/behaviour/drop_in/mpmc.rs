//! async-channel.

/// The program text, once for each set of `use` lines.
macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::{
                pin::pin,
                sync::Arc,
                task::{Context, Poll, Waker},
                thread,
            };

            use futures::{StreamExt, stream::FusedStream};

            $($uses)*

            #[test]
            fn workers_share_jobs() {
                let (jobs, todo): (Sender<u32>, Receiver<u32>) = bounded(4);
                let (results, done) = unbounded();
                let workers: Vec<_> = (0..4)
                    .map(|_| {
                        let (todo, results) = (todo.clone(), results.clone());
                        thread::spawn(move || {
                            while let Ok(job) = todo.recv_blocking() {
                                results.send_blocking(job * job).unwrap();
                            }
                        })
                    })
                    .collect();
                drop((todo, results));
                for job in 0..100 {
                    jobs.send_blocking(job).unwrap();
                }
                drop(jobs);
                let sum: u32 = pollster::block_on(done.fold(0, |sum, one| async move { sum + one }));
                assert_eq!(sum, (0..100).map(|job| job * job).sum());
                for worker in workers {
                    worker.join().unwrap();
                }
            }

            #[test]
            fn waits_of_every_kind() {
                let cx = &mut Context::from_waker(Waker::noop());
                let (sender, receiver) = bounded::<u8>(1);
                let mut recv: std::pin::Pin<Box<Recv<'_, u8>>> = Box::pin(receiver.recv());
                assert_eq!(recv.as_mut().poll(cx), Poll::Pending);
                let mut send: std::pin::Pin<Box<Send<'_, u8>>> = Box::pin(sender.send(1));
                assert_eq!(send.as_mut().poll(cx), Poll::Ready(Ok(())));
                assert_eq!(recv.as_mut().poll(cx), Poll::Ready(Ok(1)));
                let mut closed: std::pin::Pin<Box<Closed<'_, u8>>> = Box::pin(sender.closed());
                assert!(closed.as_mut().poll(cx).is_pending());
                assert!(receiver.close() && !sender.close());
                assert!(closed.as_mut().poll(cx).is_ready());
                assert_eq!(pollster::block_on(sender.send(2)), Err(SendError(2)));
                assert_eq!(pollster::block_on(receiver.recv()), Err(RecvError));
                assert_eq!(SendError(3).into_inner(), 3);
            }

            /// What a program can see of results and counts, line by line.
            pub(super) fn transcript() -> Vec<String> {
                let mut seen = Vec::new();
                let mut see = |what: &dyn std::fmt::Debug| seen.push(format!("{what:?}"));
                let cx = &mut Context::from_waker(Waker::noop());

                let (sender, receiver) = bounded::<u32>(2);
                see(&(receiver.try_recv(), sender.capacity(), sender.is_empty()));
                see(&(sender.try_send(1), sender.try_send(2), sender.try_send(3)));
                see(&(sender.is_full(), receiver.is_full(), receiver.len(), sender.len()));
                see(&(sender.force_send(4).unwrap(), receiver.try_recv(), receiver.is_empty()));
                let full = sender.try_send(5).is_ok() && sender.try_send(6).unwrap_err().is_full();
                see(&(full, TrySendError::Closed(7).is_closed(), TrySendError::Full(8).into_inner()));
                let others = (sender.clone(), receiver.clone());
                see(&(sender.sender_count(), sender.receiver_count(), receiver.sender_count()));
                see(&(others.0.same_channel(&sender), others.1.same_channel(&receiver)));
                drop(others);
                let weak: (WeakSender<u32>, WeakReceiver<u32>) =
                    (sender.downgrade(), receiver.downgrade());
                see(&(weak.0.clone().upgrade().is_some(), weak.1.clone().upgrade().is_some()));
                see(&(receiver.receiver_count(), receiver.capacity()));
                see(&(sender.close(), sender.is_closed(), receiver.is_closed()));
                see(&(weak.0.upgrade().is_some(), weak.1.upgrade().is_some()));
                see(&(sender.try_send(1).is_err(), sender.force_send(1).is_err()));
                see(&(receiver.try_recv(), receiver.try_recv(), receiver.try_recv()));
                see(&TryRecvError::Empty.is_empty());
                see(&TryRecvError::Closed.is_closed());

                // As a stream, which ends and says so.
                let (sender, receiver) = unbounded::<u32>();
                let mut stream = pin!(receiver);
                see(&stream.as_mut().poll_next_unpin(cx));
                see(&(sender.try_send(1).is_ok(), stream.as_mut().poll_next_unpin(cx)));
                see(&(sender.capacity(), stream.is_terminated()));
                drop(sender);
                see(&(stream.as_mut().poll_next_unpin(cx), stream.is_terminated()));

                // Dropped while it waits, woken: it was not sent.
                let (sender, receiver) = bounded::<u32>(1);
                sender.try_send(1).unwrap();
                let mut send = Box::pin(sender.send(2));
                see(&send.as_mut().poll(cx));
                see(&receiver.try_recv());
                drop(send);
                see(&(receiver.try_recv(), receiver.is_empty()));

                let token = Arc::new(());
                let (sender, receiver) = bounded(3);
                sender.try_send(token.clone()).unwrap();
                drop(receiver);
                see(&sender.try_send(token.clone()).is_err());
                drop(sender);
                see(&Arc::strong_count(&token));
                see(&crate::harness::panics(|| drop(bounded::<u8>(0))));
                seen
            }
        }
    };
}

programs! { async_channel_s,
    use async_channel::{
        Closed, Receiver, Recv, RecvError, Send, SendError, Sender, TryRecvError, TrySendError,
        WeakReceiver, WeakSender, bounded, unbounded,
    };
}
programs! { selvedge_s,
    use selvedge::channel::mpmc::{
        Closed, Receiver, Recv, RecvError, Send, SendError, Sender, TryRecvError, TrySendError,
        WeakReceiver, WeakSender, bounded, unbounded,
    };
}

#[test]
fn both_show_the_same() {
    assert_eq!(selvedge_s::transcript(), async_channel_s::transcript());
}
