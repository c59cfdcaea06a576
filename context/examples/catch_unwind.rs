//! A panic that becomes an error of its call.

use selvedge_context::decorate::op;

async fn divide(a: u32, b: u32) -> u32 {
    a / b
}

fn main() {
    std::panic::set_hook(Box::new(|_| ()));
    let divide = op(divide).catch_unwind();
    pollster::block_on(async {
        assert_eq!(divide.call2(6, 3).await.unwrap(), 2);
        let payload = divide.call2(6, 0).await.unwrap_err();
        println!("{}", payload.downcast_ref::<&str>().expect("a panic with a text"));
    });
}
