//! The fastest mirror that has the page; if none has, what each of them said.

use futures_lite::future::yield_now;
use selvedge_context::race_ok;

async fn fetch(mirror: u32, away: u32) -> Result<u32, String> {
    for _ in 0..=mirror {
        yield_now().await;
    }
    if mirror < away { Err(format!("mirror {mirror} is away")) } else { Ok(mirror) }
}

fn main() {
    pollster::block_on(async {
        assert_eq!(race_ok((0..4).map(|mirror| fetch(mirror, 2))).await, Ok(2));
        let all = race_ok((0..2).map(|mirror| fetch(mirror, 2))).await.unwrap_err();
        println!("{}", all.join(", "));
        assert_eq!(all, ["mirror 0 is away", "mirror 1 is away"]);
    });
}
