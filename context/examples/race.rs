//! The same question to several servers: the first answer counts, and the others are not waited for.

use futures_lite::future::yield_now;
use selvedge_context::race;

async fn ask(server: u32) -> u32 {
    for _ in 0..[9, 2, 5][server as usize] {
        yield_now().await;
    }
    server
}

fn main() {
    let fastest = pollster::block_on(race((0..3).map(ask)));
    println!("server {fastest:?} was first");
    assert_eq!(fastest, Some(1));
}
