#[::core::prelude::v1::test]
fn charges_once() {
    async fn charges_once(t: Harness) {
        assert_eq!(t.run(pay(order())). await .unwrap(), receipt());
    }
    ::persevere::__private::run_chaos_test(200u32, charges_once)
}
