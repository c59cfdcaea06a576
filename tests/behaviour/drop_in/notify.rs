//! Notifications.

/// The program text, once for each set of `use` lines.
macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::{
                collections::VecDeque,
                future::Future,
                pin::pin,
                sync::{Arc, Mutex, atomic::{AtomicBool, Ordering::SeqCst}},
                task::{Context, Waker},
            };

            $($uses)*

            static READY: Notify = Notify::const_new();

            #[derive(Default)]
            struct Channel<T> {
                values: Mutex<VecDeque<T>>,
                notify: Notify,
            }

            impl<T> Channel<T> {
                fn send(&self, value: T) {
                    self.values.lock().unwrap().push_back(value);
                    self.notify.notify_one();
                }

                async fn recv(&self) -> T {
                    let mut future = pin!(self.notify.notified());
                    loop {
                        future.as_mut().enable();
                        if let Some(value) = self.values.lock().unwrap().pop_front() {
                            return value;
                        }
                        future.as_mut().await;
                        future.set(self.notify.notified());
                    }
                }
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_channel_of_ones_own() {
                let channel = Arc::new(Channel::default());
                let senders: Vec<_> = (0..4)
                    .map(|who| {
                        let channel = channel.clone();
                        tokio::spawn(async move {
                            for n in 0..50 {
                                channel.send(who * 50 + n);
                                tokio::task::yield_now().await;
                            }
                        })
                    })
                    .collect();
                let mut sum = 0;
                for _ in 0..200 {
                    sum += channel.recv().await;
                }
                for sender in senders {
                    sender.await.unwrap();
                }
                assert_eq!(sum, 199 * 200 / 2);
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_flag_that_all_wait_for() {
                let shared = Arc::new((AtomicBool::new(false), Notify::new()));
                let tasks: Vec<_> = (0..8)
                    .map(|_| {
                        let shared = shared.clone();
                        tokio::spawn(async move {
                            loop {
                                let notified: Notified<'_> = shared.1.notified();
                                if shared.0.load(SeqCst) {
                                    return;
                                }
                                notified.await;
                            }
                        })
                    })
                    .collect();
                tokio::task::yield_now().await;
                shared.0.store(true, SeqCst);
                shared.1.notify_waiters();
                for task in tasks {
                    task.await.unwrap();
                }
            }

            #[tokio::test]
            async fn a_future_that_owns() {
                let notify = Arc::new(Notify::new());
                let owned: OwnedNotified = notify.clone().notified_owned();
                let task = tokio::spawn(owned);
                tokio::task::yield_now().await;
                notify.notify_last();
                task.await.unwrap();
                READY.notify_one();
                tokio::select! {
                    () = READY.notified() => {}
                    () = std::future::pending() => {}
                }
            }

            fn polls<F: Future>(future: std::pin::Pin<&mut F>) -> bool {
                future.poll(&mut Context::from_waker(Waker::noop())).is_ready()
            }

            /// What is ready, step by step.
            pub(super) fn transcript() -> Vec<bool> {
                let mut seen = Vec::new();
                let notify = Notify::new();
                notify.notify_one();
                notify.notify_one();
                seen.push(polls(pin!(notify.notified())));
                seen.push(polls(pin!(notify.notified())));

                // Made, enabled and polled, before and after.
                let mut made = pin!(notify.notified());
                let mut enabled = pin!(notify.notified());
                let mut polled = pin!(notify.notified());
                seen.push(enabled.as_mut().enable());
                seen.push(polls(polled.as_mut()));
                notify.notify_waiters();
                let mut late = pin!(notify.notified());
                seen.push(polls(late.as_mut()));
                seen.push(polls(made.as_mut()));
                seen.push(enabled.as_mut().enable());
                seen.push(polls(enabled.as_mut()));
                seen.push(polls(enabled.as_mut()));
                seen.push(polls(polled.as_mut()));
                seen.push(late.as_mut().enable());
                notify.notify_one();
                seen.push(polls(late.as_mut()));

                // From both ends, and on from one who leaves.
                let mut all: Vec<_> = (0..5).map(|_| Box::pin(notify.notified())).collect();
                for one in &mut all {
                    seen.push(polls(one.as_mut()));
                }
                notify.notify_last();
                drop(all.pop());
                seen.push(polls(all[3].as_mut()));
                notify.notify_one();
                drop(all.remove(0));
                seen.push(polls(all[0].as_mut()));
                drop(all);
                seen.push(polls(pin!(notify.notified())));

                // What is kept stays, for who has not been reached.
                let mut reached = pin!(notify.notified());
                notify.notify_one();
                notify.notify_waiters();
                seen.push(polls(reached.as_mut()));
                seen.push(polls(pin!(notify.notified())));
                seen.push(polls(pin!(notify.notified())));
                seen
            }
        }
    };
}

programs! { tokio_s, use tokio::sync::{Notify, futures::{Notified, OwnedNotified}}; }
programs! { selvedge_s, use selvedge::sync::{Notify, futures::{Notified, OwnedNotified}}; }

#[test]
fn both_show_the_same() {
    assert_eq!(selvedge_s::transcript(), tokio_s::transcript());
}
