//! watch.

macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::{future::Future, pin::pin, task::{Context, Waker}};

            $($uses)*

            #[derive(Clone, Debug, Default, PartialEq)]
            struct Config {
                limit: u32,
                stop: bool,
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn workers_follow_a_configuration() {
                let (tx, rx) = watch::channel(Config::default());
                let workers: Vec<_> = (0..4)
                    .map(|_| {
                        let mut rx: Receiver<Config> = rx.clone();
                        tokio::spawn(async move {
                            let mut last = 0;
                            while rx.changed().await.is_ok() {
                                let config = rx.borrow_and_update().clone();
                                assert!(config.limit >= last);
                                last = config.limit;
                                if config.stop {
                                    break;
                                }
                            }
                            last
                        })
                    })
                    .collect();
                drop(rx);
                for limit in 1..=100 {
                    tx.send(Config { limit, stop: false }).unwrap();
                    tokio::task::yield_now().await;
                }
                tx.send_modify(|config| config.stop = true);
                for worker in workers {
                    assert_eq!(worker.await.unwrap(), 100);
                }
                tx.closed().await;
                assert!(tx.is_closed());
            }

            #[tokio::test]
            async fn a_start_signal() {
                let tx = Sender::new(false);
                let mut rx = tx.subscribe();
                let waiter = tokio::spawn(async move {
                    let started: Ref<'_, bool> = rx.wait_for(|started| *started).await.unwrap();
                    *started
                });
                tokio::task::yield_now().await;
                assert!(!tx.send_replace(true));
                assert!(waiter.await.unwrap());
            }

            pub(super) fn transcript() -> Vec<String> {
                let mut seen = Vec::new();
                let mut see = |what: &dyn std::fmt::Debug| seen.push(format!("{what:?}"));
                let mut cx = Context::from_waker(Waker::noop());

                let (tx, mut rx) = watch::channel(1);
                see(&(*rx.borrow(), rx.borrow().has_changed(), rx.has_changed()));
                see(&pin!(rx.changed()).poll(&mut cx));
                see(&tx.send(2));
                see(&(rx.borrow().has_changed(), rx.has_changed(), tx.borrow().has_changed()));
                see(&pin!(rx.changed()).poll(&mut cx));
                see(&(rx.borrow().has_changed(), rx.has_changed()));
                tx.send_modify(|value| *value += 1);
                see(&tx.send_if_modified(|_| false));
                see(&*rx.borrow_and_update());
                see(&tx.send_if_modified(|value| std::mem::replace(value, 7) != 7));
                see(&tx.send_replace(8));
                let mut other = rx.clone();
                see(&(other.has_changed(), rx.same_channel(&other), tx.receiver_count()));
                see(&pin!(other.wait_for(|value| *value == 8)).poll(&mut cx).map(|found| {
                    found.map(|found| (*found, found.has_changed()))
                }));
                see(&(other.has_changed(), rx.has_changed()));
                rx.mark_unchanged();
                see(&rx.has_changed());
                rx.mark_changed();
                see(&rx.has_changed());
                see(&crate::harness::panics(|| tx.send_modify(|value| {
                    *value = 9;
                    panic!("on purpose");
                })));
                see(&(*tx.borrow(), other.has_changed()));
                drop((rx, other));
                see(&(tx.is_closed(), tx.send(1), tx.receiver_count()));
                see(&pin!(tx.closed()).poll(&mut cx));
                see(&tx.send_replace(10));
                let mut rx = tx.subscribe();
                see(&(*rx.borrow(), rx.has_changed(), tx.is_closed()));
                see(&pin!(tx.closed()).poll(&mut cx));
                let clone = tx.clone();
                see(&(tx.same_channel(&clone), tx.sender_count()));
                see(&tx.send(11).map_err(|SendError(value)| value));
                drop((tx, clone));
                see(&(rx.has_changed(), *rx.borrow()));
                see(&pin!(rx.changed()).poll(&mut cx));
                let error: Result<(), RecvError> = match pin!(rx.changed()).poll(&mut cx) {
                    std::task::Poll::Ready(result) => result,
                    std::task::Poll::Pending => Ok(()),
                };
                see(&error);
                see(&pin!(rx.wait_for(|_| true)).poll(&mut cx).is_ready());
                see(&pin!(rx.wait_for(|_| false)).poll(&mut cx).map(|found| found.is_err()));
                see(&*Sender::<u8>::default().borrow());
                seen
            }
        }
    };
}

programs! { tokio_s,
    use tokio::sync::watch::{self, error::{RecvError, SendError}, Receiver, Ref, Sender};
}
programs! { selvedge_s,
    use selvedge::channel::watch::{self, error::{RecvError, SendError}, Receiver, Ref, Sender};
}

#[test]
fn both_show_the_same() {
    assert_eq!(selvedge_s::transcript(), tokio_s::transcript());
}
