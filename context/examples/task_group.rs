//! Workers on threads: one that says when it is ready, one that fails, and a report of the rest.

use std::future::pending;

use selvedge_context::{Spawner, TaskGroup, Threads};

type Workers = Spawner<Threads, String>;

async fn pipeline(workers: Workers) -> Result<u32, String> {
    // The server has to be ready before anybody asks it.
    let port = workers.start(async |started| {
        started.send(8080);
        pending().await
    });
    let port = port.await.map_err(|error| error.to_string())?;
    for number in 0..3 {
        workers.spawn_named(format!("client {number}"), async move {
            assert_eq!(port, 8080);
            if number == 2 { Err("the line went dead".to_owned()) } else { Ok(()) }
        });
    }
    pending().await
}

fn main() {
    let error = pollster::block_on(TaskGroup::new(Threads).run(pipeline)).unwrap_err();
    println!("{error}");
    let failed: Vec<_> = error.failures().iter().filter_map(|(who, _)| who.name()).collect();
    assert_eq!(failed, ["client 2"]);
    // The server and the body were dropped, as nobody needs them any more.
    assert!(error.unfinished().len() >= 2);
}
