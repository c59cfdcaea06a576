//! A program with cells that are set once.

macro_rules! programs {
    ($module:ident, $($uses:item)*) => {
        mod $module {
            use std::sync::Arc;

            $($uses)*

            static PORT: SetOnce<u16> = SetOnce::const_new();
            static PRESET: SetOnce<u16> = SetOnce::const_new_with(80);

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn many_wait_for_one() {
                let tasks: Vec<_> =
                    (0..8).map(|_| tokio::spawn(async { *PORT.wait().await })).collect();
                tokio::task::yield_now().await;
                PORT.set(443).unwrap();
                for task in tasks {
                    assert_eq!(task.await.unwrap(), 443);
                }
                assert_eq!((PORT.get(), PRESET.wait().await), (Some(&443), &80));
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn one_of_many_sets_it() {
                let cell = Arc::new(SetOnce::new());
                let tasks: Vec<_> = (0..8)
                    .map(|n| {
                        let cell = Arc::clone(&cell);
                        tokio::spawn(async move { cell.set(n).is_ok() })
                    })
                    .collect();
                let mut set = 0;
                for task in tasks {
                    set += u32::from(task.await.unwrap());
                }
                assert_eq!(set, 1);
                assert!(cell.initialized());
            }

            /// What a program can see, line by line.
            pub(super) fn transcript() -> Vec<String> {
                let mut seen = Vec::new();
                let mut see = |what: &dyn std::fmt::Debug| seen.push(format!("{what:?}"));
                let cell = SetOnce::<i32>::default();
                see(&cell);
                see(&(cell.get(), cell.initialized(), cell.clone().into_inner()));
                see(&cell.set(1));
                let error: SetOnceError<i32> = cell.set(2).unwrap_err();
                see(&(&error, error.0));
                see(&(cell.clone(), cell == SetOnce::from(1)));
                see(&pollster::block_on(cell.wait()));
                see(&cell.into_inner());
                see(&SetOnce::<u8>::new_with(None).into_inner());
                seen
            }
        }
    };
}

programs! { tokio_s, use tokio::sync::{SetOnce, SetOnceError}; }
programs! { selvedge_s, use selvedge::sync::{SetOnce, SetOnceError}; }

#[test]
fn both_show_the_same() {
    assert_eq!(selvedge_s::transcript(), tokio_s::transcript());
}
