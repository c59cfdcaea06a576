//! A call that has at most so long.

use std::{future::pending, time::Duration};

use selvedge_context::decorate::{CallError, op};

async fn ask(name: &str) -> Result<usize, CallError<std::io::Error>> {
    match name {
        "nobody" => pending().await,
        name => Ok(name.len()),
    }
}

fn main() {
    let ask = op(ask).timeout(Duration::from_millis(20));
    pollster::block_on(async {
        println!("weft: {:?}", ask.call("weft").await);
        let late = ask.call("nobody").await;
        assert!(matches!(late, Err(CallError::Elapsed(_))));
        println!("nobody: {}", late.unwrap_err());
    });
}
