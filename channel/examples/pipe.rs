//! A protocol on both sides of a pipe, without a socket.

use std::thread;

use futures_lite::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, future::block_on, io::BufReader};
use selvedge_channel::pipe;

fn main() {
    let (client, server) = pipe::duplex(16);

    let server = thread::spawn(move || {
        block_on(async {
            let (requests, mut answers) = server.into_split();
            let mut requests = BufReader::new(requests);
            let mut line = String::new();
            while requests.read_line(&mut line).await? > 0 {
                answers.write_all(line.to_uppercase().as_bytes()).await?;
                line.clear();
            }
            std::io::Result::Ok(())
        })
    });

    let heard = block_on(async {
        let (mut answers, mut requests) = client.into_split();
        let mut heard = String::new();
        let ask = async {
            requests.write_all(b"warp\nweft, which is longer than the pipe\n").await?;
            requests.close().await
        };
        // Both at a time: neither pipe is as large as what passes through it.
        let (asked, read) =
            futures_lite::future::zip(ask, answers.read_to_string(&mut heard)).await;
        asked.and(read).map(|_| heard)
    })
    .expect("the server reads to the end");
    server.join().expect("no reason to panic").expect("the client reads to the end");
    print!("{heard}");
    assert_eq!(heard, "WARP\nWEFT, WHICH IS LONGER THAN THE PIPE\n");
}
