//! A search begins when nobody has typed for 20 ms.

use std::time::Duration;

use selvedge_context::{
    decorate::{Debounce, Skipped, op},
    join_all,
};
use selvedge_timer::sleep;

static TYPED: Debounce = Debounce::new(Duration::from_millis(20));

async fn search(text: &str) -> Result<String, Skipped> {
    Ok(format!("what there is on {text}"))
}

fn main() {
    let search = op(search).debounce(&TYPED);
    let keys = ["s", "se", "sel", "selv"];
    let found = pollster::block_on(join_all(keys.iter().enumerate().map(|(at, text)| {
        let search = &search;
        async move {
            sleep(Duration::from_millis(at as u64)).await;
            search.call(text).await
        }
    })));
    println!("{found:?}");
    assert_eq!(found[..3], [Err(Skipped), Err(Skipped), Err(Skipped)]);
    assert_eq!(found[3].as_deref(), Ok("what there is on selv"));
}
