//! Asks another where the first fails.

use selvedge_context::decorate::op;

async fn primary(key: &str) -> Result<String, &'static str> {
    if key == "weft" { Ok("from the primary".to_owned()) } else { Err("not there") }
}

async fn replica(error: &'static str, (key,): (&str,)) -> Result<String, String> {
    if key == "warp" { Ok("from the replica".to_owned()) } else { Err(format!("{key}: {error}")) }
}

fn main() {
    let read = op(primary).fallback(async |error, args: (&str,)| replica(error, args).await);
    pollster::block_on(async {
        assert_eq!(read.call("weft").await.unwrap(), "from the primary");
        assert_eq!(read.call("warp").await.unwrap(), "from the replica");
        println!("{}", read.call("selvedge").await.unwrap_err());
    });
}
