use std::future::Ready;

use selvedge::sync::{Expired, Until};

use super::*;

#[test]
fn traits() {
    send_sync_unpin! {
        Until<Ready<YY>, Ready<YY>>: 1 1 1; Until<Ready<NN>, Ready<YY>>: 0 0 1;
        Until<Ready<YY>, Ready<NN>>: 0 0 1; Until<Ready<YN>, Ready<YY>>: 1 0 1;
    }
    is_error::<Expired>();
}

#[test]
fn sizes() {
    at_most! { Until<Ready<usize>, Ready<usize>>: 5; Expired: 0; }
}
