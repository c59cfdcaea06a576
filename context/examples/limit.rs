//! Two at a time wait their turn; a third that would have to wait is refused.

use selvedge_context::decorate::{CallError, Refused, op};
use selvedge_sync::Semaphore;

static LOOMS: Semaphore = Semaphore::new(2);

async fn weave(metres: u32) -> Result<u32, CallError<String>> {
    Ok(2 * metres)
}

fn main() {
    let (weave, at_once) = (op(weave).limit(&LOOMS), op(weave).shed(&LOOMS));
    pollster::block_on(async {
        println!("{:?} threads", weave.call(3).await);
        let held = LOOMS.acquire_many(2).await.expect("never closed");
        let refused = at_once.call(3).await;
        assert_eq!(refused, Err(CallError::Refused(Refused::Full)));
        println!("{}", refused.unwrap_err());
        drop(held);
        assert_eq!(at_once.call(3).await, Ok(6));
    });
}
