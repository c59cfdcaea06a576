//! A program with cells that are made once.

macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::sync::{
                Arc,
                atomic::{AtomicU32, Ordering::SeqCst},
            };

            $($uses)*

            static CONFIG: OnceCell<String> = OnceCell::const_new();
            static PRESET: OnceCell<u8> = OnceCell::const_new_with(3);

            async fn config() -> &'static str {
                CONFIG.get_or_init(|| async { "four shafts".to_owned() }).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn a_config_in_a_static() {
                let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(config())).collect();
                for task in tasks {
                    assert_eq!(task.await.unwrap(), "four shafts");
                }
                assert!(CONFIG.initialized());
                assert_eq!(PRESET.get(), Some(&3));
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn one_of_many_makes_it() {
                let cell = Arc::new(OnceCell::new());
                let runs = Arc::new(AtomicU32::new(0));
                let tasks: Vec<_> = (0..8)
                    .map(|_| {
                        let (cell, runs) = (Arc::clone(&cell), Arc::clone(&runs));
                        tokio::spawn(async move {
                            *cell
                                .get_or_init(|| async {
                                    tokio::task::yield_now().await;
                                    runs.fetch_add(1, SeqCst)
                                })
                                .await
                        })
                    })
                    .collect();
                for task in tasks {
                    assert_eq!(task.await.unwrap(), 0);
                }
                assert_eq!(runs.load(SeqCst), 1);
            }

            #[tokio::test]
            async fn failing_and_cancelled_makers() {
                let cell = Arc::new(OnceCell::<u8>::new());
                let failed = cell.get_or_try_init(|| async { Err::<u8, _>("no warp") }).await;
                assert_eq!(failed, Err("no warp"));
                let maker = tokio::spawn({
                    let cell = Arc::clone(&cell);
                    async move { *cell.get_or_init(std::future::pending).await }
                });
                tokio::task::yield_now().await;
                assert!(cell.set(1).unwrap_err().is_initializing_err());
                let waiter = tokio::spawn({
                    let cell = Arc::clone(&cell);
                    async move { *cell.get_or_init(|| async { 2 }).await }
                });
                tokio::task::yield_now().await;
                maker.abort();
                assert_eq!(waiter.await.unwrap(), 2);
                assert!(cell.set(3).unwrap_err().is_already_init_err());
            }

            /// What a program can see, line by line.
            pub(super) fn transcript() -> Vec<String> {
                let mut seen = Vec::new();
                let mut see = |what: &dyn std::fmt::Debug| seen.push(format!("{what:?}"));
                let mut cell = OnceCell::<i32>::default();
                see(&cell);
                see(&(cell.get(), cell.initialized()));
                see(&cell.get_mut());
                see(&cell.take());
                see(&cell.set(1));
                see(&cell.set(2));
                see(&(cell.clone(), cell == OnceCell::from(1)));
                see(&cell.get_mut());
                see(&pollster::block_on(cell.get_or_init(|| async { 5 })));
                see(&pollster::block_on(cell.get_or_try_init(|| async { Err::<i32, _>(()) })));
                see(&cell.take());
                see(&pollster::block_on(cell.get_or_try_init(|| async { Err::<i32, _>("no") })));
                see(&pollster::block_on(cell.get_or_try_init(|| async { Ok::<i32, ()>(6) })));
                see(&OnceCell::new_with(Some(7)).into_inner());
                see(&OnceCell::<u8>::new_with(None).into_inner());
                let error: SetError<i32> = cell.set(8).unwrap_err();
                see(&(error.is_already_init_err(), error.is_initializing_err()));
                seen
            }
        }
    };
}

programs! { tokio_s, use tokio::sync::{OnceCell, SetError}; }
programs! { selvedge_s, use selvedge::sync::{OnceCell, SetError}; }

#[test]
fn both_show_the_same() {
    assert_eq!(selvedge_s::transcript(), tokio_s::transcript());
}
