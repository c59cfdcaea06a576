//! The design of the pool, checked.
//!
//! ```sh
//! cargo test -p pool                                                  # stress, on threads
//! RUSTFLAGS="--cfg selvedge_loom" cargo test --release -p pool        # every schedule
//! RUSTFLAGS="--cfg selvedge_loom" cargo test --release -p pool --features bug
//! ```

use std::{future::poll_fn, sync::Arc, task::Poll};

use pool::{Connection, Pool};
use selvedge::model::{Check, Report};

/// A connection that takes one turn to be opened, and one to be tried.
struct Fake;

impl Connection for Fake {
    async fn open() -> Self {
        round_trip().await;
        Self
    }

    async fn is_alive(&mut self) -> bool {
        round_trip().await;
        true
    }
}

async fn round_trip() {
    let mut sent = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut sent, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A user, and one who may give up anywhere: in line, and while the connection is tried.
fn check() -> Report {
    Check::new().named("pool").run(|d| {
        let pool = Arc::new(Pool::<Fake>::new(1));
        let (user, quitter) = (pool.clone(), pool.clone());
        d.task("user", async move { drop(user.get().await) });
        d.cancellable("quitter", async move { drop(quitter.get().await) });
        d.after(move || assert_eq!(pool.free(), 1, "a connection is lost"));
    })
}

#[cfg(not(feature = "bug"))]
#[test]
fn the_pool_never_loses_a_connection() {
    let report = check().unwrap();
    println!("{report}");
}

/// The table is the one in the guide. `SELVEDGE_BLESS=1` writes it anew, with the picture.
#[cfg(all(feature = "bug", selvedge_loom))]
#[test]
fn the_check_finds_the_seeded_bug() {
    const GUIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/guide/checking");
    let report = check();
    println!("{report}");
    assert!(report.seconds < 10.0 && report.failure.is_some(), "{report}");
    let timeline = report.timeline.unwrap();
    let told = format!("{}{}\n", timeline.table(), timeline.verdict().join("\n"));
    if std::env::var_os("SELVEDGE_BLESS").is_some() {
        std::fs::write(format!("{GUIDE}/pool.txt"), &told).unwrap();
        std::fs::write(format!("{GUIDE}/pool.svg"), timeline.svg()).unwrap();
    }
    assert_eq!(told, std::fs::read_to_string(format!("{GUIDE}/pool.txt")).unwrap());
}
