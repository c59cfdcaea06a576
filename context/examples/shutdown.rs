//! A server that stops in two phases: its requests first, then the database they use; one request
//! does not listen, and is reported.

use std::{future::pending, thread, time::Duration};

use selvedge_context::{Exit, Phase, Shutdown};

/// A connection that says goodbye.
struct Database;

impl Database {
    async fn close(self, exit: Exit) -> Result<(), String> {
        println!("the database is closed: {exit:?}");
        Ok(())
    }
}

/// Works until it is told to stop.
fn request(phase: &Phase, number: u32) {
    let stop = phase.token().clone();
    let work = async move {
        assert!(stop.run_until_cancelled(pending::<()>()).await.is_none());
        let reason = stop.reason().expect("it is cancelled");
        println!("request {number} stops: {reason}");
    };
    phase.tracker().spawn_on(work, |work| thread::spawn(|| pollster::block_on(work)));
}

fn main() {
    let mut shutdown = Shutdown::new();
    let requests = shutdown.phase_within("requests", Duration::from_millis(50));
    let database = shutdown.phase("database");

    let connection = database.reaper().guard(Database, Database::close);
    request(&requests, 1);
    request(&requests, 2);
    let deaf = requests.tracker().token();
    let owner = database.token().on_cancel(move || drop(connection));

    let report = pollster::block_on(shutdown.run("terminated"));
    println!("{report}");
    drop((deaf, owner));

    assert!(!report.is_complete());
    let [requests, database] = &report.phases[..] else { panic!("two phases") };
    assert_eq!((requests.tasks, requests.elapsed), (3, true));
    assert!(requests.tasks_left >= 1);
    assert_eq!((database.cleanups.done, database.is_complete()), (1, true));
}
