//! A server tells the others its address once it knows it.

use std::{net::TcpListener, thread};

use selvedge_sync::SetOnce;

static PORT: SetOnce<u16> = SetOnce::new();

fn main() {
    let clients: Vec<_> =
        (0..3).map(|_| thread::spawn(|| *pollster::block_on(PORT.wait()))).collect();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    PORT.set(port).expect("nobody else sets it");
    for client in clients {
        assert_eq!(client.join().expect("no panic"), port);
    }
    assert_eq!(PORT.set(1).unwrap_err().0, 1);
}
