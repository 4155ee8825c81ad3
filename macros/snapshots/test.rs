#[::core::prelude::v1::test]
#[should_panic]
fn expires() -> Result<()> {
    async fn expires(mut t: Harness) -> Result<()> {
        t.advance(days(3)).await;
        Ok(())
    }
    ::persevere::__private::run_test(expires)
}
