use selvedge::channel::pipe::{End, Reader, Writer};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! { Reader: 1 1 1; Writer: 1 1 1; End: 1 1 1; }
    unwinds::<(Reader, Writer, End)>();
}

#[test]
fn sizes() {
    at_most! { Reader: 1; Writer: 1; End: 2; }
}
