//! A connection over TCP that says goodbye, also when its request is cancelled: on tokio, and on
//! a bare thread.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
};

use selvedge_context::{CancellationToken, Exit, Reaper, with};

/// A client's connection to a server that answers each line, and tells how each one ended.
struct Connection(TcpStream);

impl Connection {
    fn open(server: SocketAddr) -> io::Result<Self> {
        TcpStream::connect(server).map(Self)
    }

    /// Asks, and waits for an answer that does not come.
    async fn ask(&mut self, question: &str) -> io::Result<String> {
        writeln!(self.0, "{question}")?;
        std::future::pending().await
    }

    /// The protocol wants a goodbye, and its confirmation.
    async fn close(mut self, exit: Exit) -> io::Result<()> {
        writeln!(self.0, "bye: {exit:?}")?;
        let mut answer = String::new();
        BufReader::new(&self.0).read_line(&mut answer)?;
        assert_eq!(answer, "bye\n");
        Ok(())
    }
}

/// Serves a client for each of `stops`, and cancels it once it has asked; what each said.
fn serve(listener: &TcpListener, stops: &[CancellationToken]) -> io::Result<Vec<Vec<String>>> {
    let mut said = Vec::new();
    for stop in stops {
        let (mut stream, _) = listener.accept()?;
        let mut lines = Vec::new();
        for line in BufReader::new(stream.try_clone()?).lines() {
            let line = line?;
            if line.starts_with("bye") {
                writeln!(stream, "bye")?;
            } else {
                stop.cancel();
            }
            lines.push(line);
        }
        said.push(lines);
    }
    Ok(said)
}

/// A request with a stop, which comes before the answer.
async fn request(server: SocketAddr, reaper: Reaper, stop: CancellationToken) -> io::Result<()> {
    let connection = Connection::open(server)?;
    let asks =
        with(reaper, connection, async |to| to.ask("what time is it?").await, Connection::close);
    assert!(stop.run_until_cancelled(asks).await.is_none());
    Ok(())
}

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = listener.local_addr()?;
    let stops = [(); 2].map(|()| CancellationToken::new());
    let [first, second] = stops.clone();
    let serves = thread::spawn(move || serve(&listener, &stops));
    let reaper = Reaper::new();

    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(request(server, reaper.clone(), first))?;
    drop(runtime); // the goodbye needs none
    assert_eq!(reaper.report().left, 1);
    pollster::block_on(reaper.drain());

    pollster::block_on(request(server, reaper.clone(), second))?;
    let report = pollster::block_on(reaper.drain());
    assert_eq!((report.done, report.left), (2, 0));

    for said in serves.join().expect("no panic")? {
        println!("{said:?}");
        assert_eq!(said, ["what time is it?", "bye: Dropped"]);
    }
    Ok(())
}
