//! Files of a build that are entered one after the other, and left in reverse when one is missing.

use std::sync::{Arc, Mutex};

use selvedge_context::{Exit, Reaper, with_stack};

/// What was done, in order.
type Log = Arc<Mutex<Vec<String>>>;

#[derive(Clone)]
struct File(&'static str, Log);

impl File {
    async fn open(name: &'static str, log: &Log) -> Result<Self, String> {
        if name == "weft" { Err(format!("{name}: not found")) } else { Ok(Self(name, log.clone())) }
    }

    async fn close(self, exit: Exit) -> Result<(), String> {
        self.1.lock().unwrap().push(format!("{}: {exit:?}", self.0));
        Ok(())
    }
}

async fn build(names: &[&'static str], log: &Log) -> Result<usize, String> {
    let run = with_stack(Reaper::new(), async |stack| {
        let mut files = Vec::new();
        for name in names {
            files.push(stack.enter(File::open(name, log).await?, File::close));
        }
        Ok::<_, String>(files.len())
    });
    run.await.map_err(|error| error.to_string())
}

fn main() {
    let log = Log::default();
    assert_eq!(pollster::block_on(build(&["loom", "warp"], &log)), Ok(2));
    let failed = pollster::block_on(build(&["loom", "warp", "weft"], &log));
    assert_eq!(failed, Err("weft: not found".into()));
    let done = log.lock().unwrap();
    println!("{done:#?}");
    assert_eq!(*done, ["warp: Done", "loom: Done", "warp: Failed", "loom: Failed"]);
}
